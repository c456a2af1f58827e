import { readlinkSync, realpathSync } from 'node:fs'
import { readRuntimeConfig } from '../../bundle/configFile.ts'
import { RuntimeError } from '../../errors.ts'
import type { CreateOptions } from '../../runtime/container/create.ts'
import { heldCapabilities } from '../../runtime/container/place.ts'
import { ungranted } from '../../runtime/plan/capabilities.ts'
import { describeStep } from '../../runtime/plan/describe.ts'
import type { Step } from '../../runtime/plan/step.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { type Flags, type FlagTable, numberOf, oneOf } from './flags.ts'
import type { Global } from './global.ts'
import { debug, warn } from './log.ts'

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
    planned: global.debug ? debugSteps(global) : undefined,
  }
}

/** How many descriptors above stderr the program keeps: those it was promised, and those of systemd's socket activation. */
export function preservedDescriptors(flags: Flags): number {
  const asked = numberOf(flags, 'preserve-fds') ?? 0
  const last = 2 + asked
  // Between them there may be some that are not open: what counts is the one that is counted up to.
  if (asked > 0 && !isGiven(last))
    throw new RuntimeError(
      'ARGUMENT_INVALID',
      `unable to stat preserved-fd ${asked - 1} (of ${asked}): it is not open`,
      {
        want: `descriptor ${last}`,
      },
    )
  return asked + Number(process.env.LISTEN_FDS ?? 0)
}

/** native/process.cc looks likewise: a queue of events is Node's own. */
function isGiven(fd: number): boolean {
  try {
    return !readlinkSync(`/proc/self/fd/${fd}`).startsWith('anon_inode:')
  } catch {
    return false
  }
}

/** Tells each step of a plan. ≙ `--debug` */
export function debugSteps(global: Global): (steps: readonly Step[]) => void {
  return steps => {
    for (const [index, step] of steps.entries())
      debug(`step ${index + 1} of ${steps.length}: ${describeStep(step)}`, global)
  }
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
