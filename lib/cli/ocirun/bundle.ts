import { readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { RuntimeError } from '../../errors.ts'
import type { CreateOptions } from '../../runtime/container/create.ts'
import { parseJson } from '../../spec/goJson.ts'
import { checkRuntimeConfig } from '../../spec/runtime/check.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { type Flags, type FlagTable, numberOf, oneOf } from './flags.ts'
import type { Global } from './global.ts'

/** The flags that `create` and `run` share. */
export const CREATE_FLAGS: FlagTable = {
  bundle: 'value',
  b: '=bundle',
  'console-socket': 'value',
  'pidfd-socket': 'value',
  'pid-file': 'value',
  'no-pivot': 'switch',
  'no-new-keyring': 'switch',
  'preserve-fds': 'value',
}

/** The bundle and its config.json, checked. Throws `CONFIG_INVALID`. */
export function bundleOf(flags: Flags): { bundle: string; config: RuntimeConfig } {
  const bundle = realpathOf(oneOf(flags, 'bundle') ?? '.')
  const path = join(bundle, 'config.json')
  // Looked at before it is opened: a fifo would keep us waiting for ever.
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new RuntimeError('CONFIG_INVALID', 'JSON specification file config.json not found', { where: path })
  return { bundle, config: checkRuntimeConfig(parseJson(readFileSync(path), path, 'CONFIG_INVALID'), path) }
}

/** Those flags as options. Throws `UNSUPPORTED` for what this runtime refuses. */
export function createOptions(flags: Flags, global: Global): CreateOptions {
  refuseSystemd(global)
  const socket = oneOf(flags, 'console-socket')
  return {
    root: global.root,
    streams: [0, 1, 2],
    console: socket === undefined ? undefined : { socket },
    pidFile: oneOf(flags, 'pid-file'),
    pidfdSocket: oneOf(flags, 'pidfd-socket'),
    noPivot: flags['no-pivot'] === true,
    noKeyring: flags['no-new-keyring'] === true,
    preserved: preservedDescriptors(flags),
  }
}

/** How many descriptors above stderr the program keeps: those it was promised, and those of systemd's socket activation. */
export function preservedDescriptors(flags: Flags): number {
  return (numberOf(flags, 'preserve-fds') ?? 0) + Number(process.env.LISTEN_FDS ?? 0)
}

/** Cgroups by way of systemd are not made here, and not said to be. */
export function refuseSystemd({ systemdCgroup }: Global): void {
  if (!systemdCgroup) return
  throw new RuntimeError('UNSUPPORTED', '--systemd-cgroup: not supported: cgroups are made in /sys/fs/cgroup', {
    where: '--systemd-cgroup',
    hint: 'for Docker: native.cgroupdriver=cgroupfs',
  })
}

function realpathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    throw new RuntimeError('CONFIG_INVALID', `${path}: no such bundle`, { where: path }, { cause })
  }
}
