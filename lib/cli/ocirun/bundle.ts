import { realpathSync } from 'node:fs'
import { readRuntimeConfig } from '../../bundle/configFile.ts'
import { RuntimeError } from '../../errors.ts'
import type { CreateOptions } from '../../runtime/container/create.ts'
import { heldCapabilities } from '../../runtime/container/place.ts'
import { ungranted } from '../../runtime/plan/capabilities.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { type Flags, type FlagTable, numberOf, oneOf } from './flags.ts'
import type { Global } from './global.ts'
import { warn } from './log.ts'

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
export function bundleOf(flags: Flags, global: Global): { bundle: string; config: RuntimeConfig } {
  const bundle = realpathOf(oneOf(flags, 'bundle') ?? '.')
  const config = readRuntimeConfig(bundle)
  const refused = config.process ? ungranted(config.process, heldCapabilities(hasUserNamespace(config))) : []
  if (refused.length > 0) warn(`ignoring unknown or unavailable capabilities: [${refused.join(' ')}]`, global)
  return { bundle, config }
}

function hasUserNamespace({ linux }: RuntimeConfig): boolean {
  return linux?.namespaces?.some(({ type }) => type === 'user') ?? false
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
