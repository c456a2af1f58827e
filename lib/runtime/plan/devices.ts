import { constants } from 'node:fs'
import { join } from 'node:path'
import type { Device } from '../../spec/linuxConfig.ts'
import { PROPAGATION, RESOLVE_NO_SYMLINKS } from './mountOptions.ts'
import type { Step } from './step.ts'

const { S_IFCHR, S_IFBLK, S_IFIFO } = constants
const KIND = { c: S_IFCHR, u: S_IFCHR, b: S_IFBLK, p: S_IFIFO } as const
const EVERYBODY = 0o666

/** Every container has these. config-linux.md § Default Devices */
const DEFAULT: readonly Device[] = [
  { path: '/dev/null', type: 'c', major: 1, minor: 3 },
  { path: '/dev/zero', type: 'c', major: 1, minor: 5 },
  { path: '/dev/full', type: 'c', major: 1, minor: 7 },
  { path: '/dev/random', type: 'c', major: 1, minor: 8 },
  { path: '/dev/urandom', type: 'c', major: 1, minor: 9 },
  { path: '/dev/tty', type: 'c', major: 5, minor: 0 },
]

/** runtime-linux.md § Dev symbolic links; ptmx is where devpts, mounted anew, has it. */
const LINKS: readonly (readonly [path: string, target: string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/core', '/proc/kcore'],
  ['/dev/ptmx', 'pts/ptmx'],
]

/** The device nodes of a container. A user namespace may make none: there the host's are bound. */
export function deviceSteps(devices: readonly Device[], userNamespace: boolean): Step[] {
  const named = [...DEFAULT, ...devices].map(device => ({ ...device, path: join('/', device.path).replace(/\/$/, '') }))
  const all = new Map(named.map(device => [device.path, device]))
  const nodes = [...all.values()].map(device => (userNamespace ? boundDevice(device) : node(device)))
  return [...nodes, ...LINKS.map(([path, target]): Step => ({ op: 'symlink', path, target }))]
}

function node({ path, type, major = 0, minor = 0, fileMode = EVERYBODY, uid = 0, gid = 0 }: Device): Step {
  return { op: 'mknod', path, mode: KIND[type] | (fileMode & 0o7777), major, minor, uid, gid }
}

function boundDevice({ path }: Device): Step {
  return {
    ...{ op: 'bind', target: path, source: path, slot: -1, recursive: false, set: 0, clear: 0 },
    ...{
      recursiveSet: 0,
      recursiveClear: 0,
      propagation: PROPAGATION.private,
      propagationRecursive: false,
      resolve: RESOLVE_NO_SYMLINKS,
    },
  }
}
