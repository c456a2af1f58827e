import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { RuntimeError } from '../../errors.ts'
import type { ContainerState, Hook, HookKind, RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { execPlan, stepsIntoContainer } from '../plan/execPlan.ts'
import { flagsOf } from '../plan/namespaces.ts'
import { closeHostFiles } from '../plan/process.ts'
import type { Step, SyncPoint } from '../plan/step.ts'
import { carryOut } from './hand.ts'
import { withHome } from './home.ts'
import { milliseconds, ownEnvironment } from './hooks.ts'
import { mayChangeGroups } from './idMaps.ts'
import { handOverListener } from './listener.ts'
import { filterOf, heldCapabilities } from './place.ts'

/** Where hooks that belong in the container's namespaces are run. */
export interface Inside {
  pid: number
  config: RuntimeConfig
  /** For the file that is their stdin. */
  folder: string
}

/**
 * Runs hooks in the namespaces of the container: createContainer before the rootfs is `/`, startContainer after.
 * They get the state with the pid the container itself has there. Throws as {@link runHooks} does.
 */
export async function runHooksInside(
  kind: HookKind,
  hooks: readonly Hook[] = [],
  state: ContainerState,
  { pid, config, folder }: Inside,
): Promise<void> {
  const ownPids = config.linux?.namespaces?.some(({ type, path }) => type === 'pid' && path === undefined)
  for (const [index, hook] of hooks.entries()) {
    const steps =
      kind === 'startContainer'
        ? await asTheProgram(hook, pid, config, dirname(folder))
        : asRoot(hook, pid, config, state.bundle)
    const stdin = nameless(join(folder, 'hook-state'), JSON.stringify({ ...state, pid: ownPids ? 1 : pid }))
    const nothing = openSync('/dev/null', 'r+')
    const stderr = nameless(join(folder, 'hook-stderr'), '')
    try {
      const asked = (descriptor: number, hook: number) =>
        handOverListener(hook, descriptor, config.linux!.seccomp!, state)
      await oneHook(steps, [stdin, nothing, stderr], hook, `${kind} hook #${index}`, asked)
    } finally {
      for (const fd of [stdin, nothing, stderr]) closeSync(fd)
    }
  }
}

/** What it runs is still the host's: the rootfs is not `/` yet. */
function asRoot(hook: Hook, pid: number, { linux = {} }: RuntimeConfig, bundle: string): Step[] {
  const { path, args = [path], env = ownEnvironment() } = hook
  const mapped = linux.namespaces?.some(({ type }) => type === 'user') ?? false
  return [
    ...stepsIntoContainer(pid, flagsOf(linux.namespaces ?? []), { tasks: [] }, globalThis.process.getuid!() === 0),
    ...(mapped ? [{ op: 'user' as const, uid: 0, gid: 0 }] : []),
    ...closeHostFiles(),
    { op: 'closeFrom', fd: 3 },
    { op: 'chdir', path: bundle },
    { op: 'endWithKeeper' },
    { op: 'exec', candidates: [path], args, env },
  ]
}

/** What it runs is the image's, so it may do what the image's program may, and no more. */
async function asTheProgram(hook: Hook, pid: number, config: RuntimeConfig, root: string): Promise<Step[]> {
  const { linux = {}, process: own = { cwd: '/', user: { uid: 0, gid: 0 } } } = config
  const { path, args = [path], env = withHome(own, `/proc/${pid}/root`).env ?? [] } = hook
  const namespaces = linux.namespaces ?? []
  const userNamespace = namespaces.some(({ type }) => type === 'user')
  const process = { ...own, args: [path], env, terminal: false }
  const steps = execPlan(process, {
    ...{
      pid,
      privileged: globalThis.process.getuid!() === 0,
      flags: flagsOf(namespaces),
      userNamespace,
      entrance: { tasks: [] },
      id: '',
      noKeyring: true,
      linux,
      seccomp: await filterOf(linux.seccomp, root),
      preserved: 0,
    },
    held: heldCapabilities(userNamespace),
    setGroups: mayChangeGroups(linux, globalThis.process.getuid!() === 0),
  })
  return [...steps.slice(0, -1), { op: 'endWithKeeper' }, { op: 'exec', candidates: [path], args, env }]
}

async function oneHook(
  steps: Step[],
  streams: number[],
  hook: Hook,
  name: string,
  asked: (descriptor: number, pid: number) => void,
): Promise<void> {
  const fail = (reason: string, code: 'COMMAND_FAILED' | 'TIMEOUT' = 'COMMAND_FAILED') =>
    new RuntimeError(code, `error running ${name}: ${reason}`, { where: name, got: reason, want: hook.path })
  const at = (point: SyncPoint, pid: number, descriptor: number) => {
    if (point === 'filtered') asked(descriptor, pid)
  }
  const carried = await carryOut(steps, { streams, preserved: 0, at })
  await carried.executed().catch(error => {
    throw fail(error.message)
  })
  let late = false
  const timer =
    hook.timeout === undefined
      ? undefined
      : setTimeout(() => {
          late = true
          process.kill(carried.pid, 'SIGKILL')
        }, milliseconds(hook.timeout))
  const status = await carried.exited()
  clearTimeout(timer)
  if (late) throw fail(`hook ran past specified timeout of ${hook.timeout}s`, 'TIMEOUT')
  const said = readFileSync(`/proc/self/fd/${streams[2]}`, 'utf8').trim().slice(-1000)
  if (status !== 0) throw fail(`exit status ${status}${said && `, stderr: ${said}`}`)
}

/** A descriptor of a file with these bytes that has no name any more. */
function nameless(path: string, text: string): number {
  writeFileSync(path, text, { mode: 0o600 })
  const fd = openSync(path, 'r+')
  rmSync(path)
  return fd
}
