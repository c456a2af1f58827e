import { isAbsolute, join, normalize } from 'node:path'
import { RuntimeError } from '../../errors.ts'
import type { Mount } from '../../spec/runtimeConfig.ts'
import { idmapSlot, isIdmapped } from './idmaps.ts'
import { PROPAGATION, plainMount, RDONLY, RESOLVE_NO_SYMLINKS, sortOptions } from './mountOptions.ts'
import type { Step } from './step.ts'

/** What the mounts of a container depend on beside the config. */
export interface MountPlace {
  bundle: string
  /** For the files on file systems that can have one. SELinux's `context=`. */
  label?: string
  /** Whether the container has a cgroup namespace of its own. */
  cgroupNamespace: boolean
  /** The cgroup hierarchies here, with the folder of this container in each. */
  cgroups: { version: 1 | 2; names: string; folder: string }[]
}

/** File systems of the kernel's own: programs trust what they find under these names. */
const OF_THE_KERNEL = new Set(['proc', 'sysfs', 'mqueue', 'devpts', 'cgroup', 'cgroup2'])
const WITHOUT_DEVICE_LABEL = new Set(['proc', 'sysfs', 'cgroup', 'cgroup2', 'mqueue'])

/** The steps for `mounts` of config.json, in its order. config.md § Mounts */
export function mountSteps(mounts: readonly Mount[], place: MountPlace): Step[] {
  const mapped = mounts.filter(isIdmapped)
  return mounts.flatMap((mount, index) => oneMount(mount, index, mapped.indexOf(mount), place))
}

/** `mapped` is its place among the mounts whose owners are mapped, or -1. */
function oneMount(mount: Mount, index: number, mapped: number, place: MountPlace): Step[] {
  const target = normalize(join('/', mount.destination))
  const options = sortOptions(mount.options ?? [])
  if (mount.type === 'cgroup' || mount.type === 'cgroup2') return cgroupMounts(target, mount, place)
  if (options.remount)
    return [{ op: 'attributes', path: target, recursive: false, set: options.set, clear: options.clear }]
  if (options.bind || mount.type === 'bind') {
    if (!mount.source)
      throw new RuntimeError('CONFIG_INVALID', `mounts[${index}].source: want what to bind, got nothing`, {
        where: `mounts[${index}].source`,
      })
    return [
      {
        op: 'bind',
        target,
        source: isAbsolute(mount.source) ? mount.source : join(place.bundle, mount.source),
        slot: mapped < 0 ? -1 : idmapSlot(mapped),
        recursive: options.recursive,
        set: options.set,
        clear: options.clear,
        recursiveSet: options.recursiveSet | (isSysfs(mount) ? options.set & RDONLY : 0),
        recursiveClear: options.recursiveClear,
        // A mount that says nothing is the container's own: what happens in it is not told outside.
        propagation: options.propagation || PROPAGATION.private,
        propagationRecursive: options.propagation ? options.propagationRecursive : true,
        resolve: symlinks(target, mount.type),
      },
    ]
  }
  const label = place.label && !WITHOUT_DEVICE_LABEL.has(mount.type ?? '') ? [`context=${place.label}`] : []
  return [
    {
      ...plainMount(target, mount.type ?? 'none', mount.source ?? mount.type ?? '', mount.options ?? []),
      options: [...withoutRepeats(options.data), ...label],
      inheritMode: mount.type === 'tmpfs' && !options.data.some(option => option.startsWith('mode=')),
      resolve: symlinks(target, mount.type),
    },
  ]
}

/** CVE-2023-25809: bound with what is mounted below it, a read-only /sys had the cgroups in it, and they could be written. */
function isSysfs({ source }: Mount): boolean {
  return source === '/sys'
}

/** An image could have a link where /proc, /sys or /dev are to be, and so have them mounted elsewhere. */
function symlinks(target: string, type: string | undefined): number {
  return OF_THE_KERNEL.has(type ?? '') || /^\/(proc|sys|dev)(\/|$)/.test(target) ? RESOLVE_NO_SYMLINKS : 0
}

// The kernel refuses to be told the same twice.
function withoutRepeats(data: readonly string[]): string[] {
  return [...new Map(data.map(option => [option.split('=')[0], option])).values()]
}

/** On v2 one mount; on v1 a tmpfs with a mount for each hierarchy. config-linux.md § Cgroup ownership */
function cgroupMounts(target: string, mount: Mount, place: MountPlace): Step[] {
  const { set, recursiveSet } = sortOptions(mount.options ?? [])
  const [two] = place.cgroups.filter(({ version }) => version === 2)
  const ones = place.cgroups.filter(({ version }) => version === 1)
  const resolve = RESOLVE_NO_SYMLINKS
  const bound = (at: string, folder: string): Step => ({
    ...{ op: 'bind', target: at, source: folder, slot: -1, recursive: false, set, clear: 0 },
    ...{ recursiveSet, recursiveClear: 0, propagation: PROPAGATION.private, propagationRecursive: true, resolve },
  })
  const fresh = (at: string, type: string, names: string): Step => ({
    ...plainMount(at, type, 'cgroup', mount.options?.filter(option => !/^r?bind$/.test(option)) ?? []),
    options: names ? names.split(',') : [],
    resolve,
  })
  if (ones.length === 0 || mount.type === 'cgroup2') {
    if (!two) return []
    return [place.cgroupNamespace ? fresh(target, 'cgroup2', '') : bound(target, two.folder)]
  }
  const steps: Step[] = [
    { ...plainMount(target, 'tmpfs', 'tmpfs', ['nosuid', 'noexec', 'nodev', 'mode=755']), resolve },
  ]
  for (const { names, folder } of ones) {
    const at = `${target}/${names.replace(/^name=/, '')}`
    steps.push(place.cgroupNamespace ? fresh(at, 'cgroup', names) : bound(at, folder))
    for (const name of names.includes(',') ? names.split(',') : [])
      steps.push({ op: 'symlink', path: `${target}/${name}`, target: names })
  }
  if (two)
    steps.push(
      place.cgroupNamespace ? fresh(`${target}/unified`, 'cgroup2', '') : bound(`${target}/unified`, two.folder),
    )
  if (set & RDONLY) steps.push({ op: 'attributes', path: target, recursive: false, set: RDONLY, clear: 0 })
  return steps
}
