import type { MountStep } from './step.ts'

// linux/mount.h and linux/openat2.h
export const RDONLY = 0x1
const [NOSUID, NODEV, NOEXEC, NOATIME, STRICTATIME, NODIRATIME, NOSYMFOLLOW] = [2, 4, 8, 0x10, 0x20, 0x80, 0x200000]
const ATIME = 0x70
export const PROPAGATION = { unbindable: 1 << 17, private: 1 << 18, slave: 1 << 19, shared: 1 << 20 } as const
export const RESOLVE_NO_SYMLINKS = 0x04

/** Options that belong to every mount: what each sets and clears. mount(8) § FILESYSTEM-INDEPENDENT MOUNT OPTIONS */
const ATTRIBUTES = new Map<string, { set?: number; clear?: number }>([
  ['ro', { set: RDONLY }],
  ['rw', { clear: RDONLY }],
  ['nosuid', { set: NOSUID }],
  ['suid', { clear: NOSUID }],
  ['nodev', { set: NODEV }],
  ['dev', { clear: NODEV }],
  ['noexec', { set: NOEXEC }],
  ['exec', { clear: NOEXEC }],
  ['nodiratime', { set: NODIRATIME }],
  ['diratime', { clear: NODIRATIME }],
  ['nosymfollow', { set: NOSYMFOLLOW }],
  ['symfollow', { clear: NOSYMFOLLOW }],
  // These exclude each other: to set one is to clear the others. relatime is what is left.
  ['relatime', { clear: ATIME }],
  ['norelatime', { clear: ATIME }],
  ['noatime', { set: NOATIME, clear: ATIME }],
  ['atime', { clear: ATIME }],
  ['strictatime', { set: STRICTATIME, clear: ATIME }],
  ['nostrictatime', { clear: ATIME }],
])

/** Words that ask for what is so already, or for what only mount(8) knows. */
const WITHOUT_EFFECT = new Set(['defaults', 'async', 'loud', 'nomand', 'noiversion', 'silent', '_netdev', 'nofail'])
/** Options of the file system as a whole that are words, and known to all of them. */
const OF_THE_SUPERBLOCK = new Set(['sync', 'dirsync', 'mand', 'iversion', 'lazytime', 'nolazytime'])

/** The options of a mount, sorted by whom they are for. */
export interface SortedOptions {
  set: number
  clear: number
  recursiveSet: number
  recursiveClear: number
  bind: boolean
  recursive: boolean
  remount: boolean
  propagation: number
  propagationRecursive: boolean
  copyUp: boolean
  idmap: boolean
  idmapRecursive: boolean
  /** For the file system: `mode=755`. */
  data: string[]
}

/** Sorts them; the last word on a matter counts. config-linux.md § Linux mount options */
export function sortOptions(options: readonly string[]): SortedOptions {
  const sorted: SortedOptions = {
    ...{ set: 0, clear: 0, recursiveSet: 0, recursiveClear: 0, propagation: 0, propagationRecursive: false },
    ...{ bind: false, recursive: false, remount: false, copyUp: false, idmap: false, idmapRecursive: false, data: [] },
  }
  for (const option of options) sortOne(option, sorted)
  return sorted
}

function sortOne(option: string, into: SortedOptions): void {
  const own = ATTRIBUTES.get(option)
  const recursive = option.startsWith('r') ? ATTRIBUTES.get(option.slice(1)) : undefined
  const [, below, propagation] = /^(r?)(unbindable|private|slave|shared)$/.exec(option) ?? []
  if (own) {
    into.set = (into.set & ~(own.clear ?? 0)) | (own.set ?? 0)
    into.clear = (into.clear & ~(own.set ?? 0)) | (own.clear ?? 0)
  } else if (recursive) {
    into.recursiveSet = (into.recursiveSet & ~(recursive.clear ?? 0)) | (recursive.set ?? 0)
    into.recursiveClear = (into.recursiveClear & ~(recursive.set ?? 0)) | (recursive.clear ?? 0)
  } else if (propagation) {
    into.propagation = PROPAGATION[propagation as keyof typeof PROPAGATION]
    into.propagationRecursive = below === 'r'
  } else if (option === 'bind' || option === 'rbind') {
    into.bind = true
    into.recursive ||= option === 'rbind'
  } else if (option === 'idmap' || option === 'ridmap') {
    into.idmap = true
    into.idmapRecursive = option === 'ridmap'
  } else if (option === 'remount') into.remount = true
  else if (option === 'tmpcopyup') into.copyUp = true
  else if (!WITHOUT_EFFECT.has(option)) into.data.push(option)
}

/** All option names that `ocirun features` lists: those that are not a file system's own. */
export function knownMountOptions(): string[] {
  const recursive = [...ATTRIBUTES.keys()].map(name => `r${name}`)
  const propagation = Object.keys(PROPAGATION).flatMap(name => [name, `r${name}`])
  const others = ['bind', 'rbind', 'idmap', 'ridmap', 'remount', 'tmpcopyup']
  return [...ATTRIBUTES.keys(), ...recursive, ...propagation, ...others, ...WITHOUT_EFFECT, ...OF_THE_SUPERBLOCK].sort()
}

/** A mount of a file system with nothing special about it. */
export function plainMount(target: string, type: string, source: string, options: readonly string[]): MountStep {
  const { set, data, propagation, copyUp } = sortOptions(options)
  return {
    op: 'mount',
    target,
    type,
    source,
    options: data,
    attributes: set,
    propagation,
    resolve: 0,
    copyUp,
    inheritMode: false,
  }
}
