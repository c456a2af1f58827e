import { readFileSync } from 'node:fs'
import { RuntimeError } from '../../errors.ts'
import { execInContainer } from '../../runtime/container/exec.ts'
import { loadState, type SavedState } from '../../runtime/container/state.ts'
import { parseJson, withoutNulls } from '../../spec/goJson.ts'
import { checkProcess } from '../../spec/runtime/check.ts'
import type { RuntimeProcess, RuntimeUser } from '../../spec/runtimeConfig.ts'
import { debugSteps, preservedDescriptors } from './bundle.ts'
import { failing } from './failing.ts'
import { type Flags, manyOf, oneOf } from './flags.ts'
import { forwardSignals } from './foreground.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: {
    'console-socket': 'value',
    'pidfd-socket': 'value',
    cwd: 'value',
    env: 'values',
    e: '=env',
    tty: 'switch',
    t: '=tty',
    user: 'value',
    u: '=user',
    'additional-gids': 'values',
    g: '=additional-gids',
    process: 'value',
    p: '=process',
    detach: 'switch',
    d: '=detach',
    'pid-file': 'value',
    'process-label': 'value',
    apparmor: 'value',
    'no-new-privs': 'switch',
    cap: 'values',
    c: '=cap',
    'preserve-fds': 'value',
    cgroup: 'values',
    'ignore-paused': 'switch',
  },
  usage: '[command options] <container-id> <command> [command options] || --process process.json <container-id>',
  operands: [1, Number.POSITIVE_INFINITY],
  async run({ flags, operands: [id, ...args], global }) {
    const detach = flags.detach === true
    const carried = await failing(
      'exec',
      () => {
        const process = processOf(flags, args, loadState(global.root, id!))
        return execInContainer(id!, process, {
          root: global.root,
          streams: [0, 1, 2],
          console: consoleOf(flags, process, detach),
          pidFile: oneOf(flags, 'pid-file'),
          pidfdSocket: oneOf(flags, 'pidfd-socket'),
          preserved: preservedDescriptors(flags),
          detached: detach,
          planned: global.debug ? debugSteps(global) : undefined,
          cgroups: manyOf(flags, 'cgroup'),
          ignorePaused: flags['ignore-paused'] === true,
        })
      },
      255,
    )
    if (detach) return 0
    const stop = forwardSignals(carried.pid)
    const status = await carried.exited()
    stop()
    return status
  },
}

/** The process of a file, or that of the container's own config with what the flags say. */
function processOf(flags: Flags, args: string[], { config }: SavedState): RuntimeProcess {
  const file = oneOf(flags, 'process')
  if (file !== undefined) {
    const given = withoutNulls(parseJson(readFileSync(file), file, 'CONFIG_INVALID')) as object
    // As runc does: one that names no user is root's.
    return checkProcess({ user: { uid: 0, gid: 0 }, ...given }, file)
  }
  if (args.length === 0) throw new RuntimeError('ARGUMENT_INVALID', 'exec: want a command to run, got nothing', {})
  const own = config.process ?? { cwd: '/', user: { uid: 0, gid: 0 } }
  const user = oneOf(flags, 'user')
  const further = manyOf(flags, 'additional-gids').map(gid => idOf(gid, 'additional-gids'))
  const process = {
    ...own,
    args,
    terminal: flags.tty === true,
    cwd: oneOf(flags, 'cwd') ?? own.cwd,
    env: [...(own.env ?? []), ...manyOf(flags, 'env')],
    user: {
      ...(user === undefined ? own.user : userOf(user, own.user)),
      ...(further.length && { additionalGids: further }),
    },
    noNewPrivileges: own.noNewPrivileges || flags['no-new-privs'] === true,
    apparmorProfile: oneOf(flags, 'apparmor') ?? own.apparmorProfile,
    selinuxLabel: oneOf(flags, 'process-label') ?? own.selinuxLabel,
    capabilities: withCapabilities(own.capabilities, manyOf(flags, 'cap')),
    // A terminal of ours has its own size, and scheduling was asked for the container's program.
    consoleSize: undefined,
  }
  return checkProcess(process, 'exec')
}

/** `uid` or `uid:gid`, numbers only: names are the image's business. CVE-2026-30892: a part left empty is no 0. */
function userOf(text: string, own: RuntimeUser): RuntimeUser {
  const [uid, gid, ...more] = text.split(':')
  if (more.length > 0) throw new RuntimeError('ARGUMENT_INVALID', `--user: want uid[:gid], got ${text}`, { got: text })
  return { umask: own.umask, uid: idOf(uid!, 'user'), gid: gid === undefined ? own.gid : idOf(gid, 'user') }
}

function idOf(text: string, where: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number < 2 ** 32 - 1) return number
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `--${where}: want a number below 4294967295, got ${JSON.stringify(text)}`,
    {
      where,
      got: text,
    },
  )
}

/**
 * In each set but those that outlive an exec by themselves, CVE-2022-29162 and CVE-2022-27650; ambient, too, where the
 * config gives away inheritable ones.
 */
function withCapabilities(own: RuntimeProcess['capabilities'], added: string[]): RuntimeProcess['capabilities'] {
  if (added.length === 0) return own
  const grown = [
    ...(['bounding', 'effective', 'permitted'] as const),
    ...(own?.inheritable ? ['ambient' as const] : []),
  ]
  return { ...own, ...Object.fromEntries(grown.map(set => [set, [...new Set([...(own?.[set] ?? []), ...added])]])) }
}

function consoleOf(flags: Flags, { terminal }: RuntimeProcess, detach: boolean) {
  const socket = oneOf(flags, 'console-socket')
  if (socket !== undefined) return { socket }
  if (!terminal) return undefined
  if (detach)
    throw new RuntimeError(
      'ARGUMENT_INVALID',
      'cannot allocate tty if runc will detach without setting console socket',
      {
        want: '--console-socket',
      },
    )
  return 'keeper' as const
}
