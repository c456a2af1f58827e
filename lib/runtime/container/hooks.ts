import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { RuntimeError } from '../../errors.ts'
import { native } from '../../kernel.ts'
import type { ContainerState, Hook, HookKind } from '../../spec/runtimeConfig.ts'
import { type Step, waitAt } from '../plan/step.ts'
import { carryOut } from './hand.ts'

/**
 * Runs hooks in the runtime's namespaces, one after the other, with the state on stdin. config.md § POSIX-platform Hooks
 * Throws `COMMAND_FAILED` for the first that fails, and `TIMEOUT` for one that took longer than its `timeout`.
 */
export async function runHooks(kind: HookKind, hooks: readonly Hook[] = [], state: ContainerState): Promise<void> {
  for (const [index, hook] of hooks.entries()) await runHook(hook, `${kind} hook #${index}`, state)
}

/** Runs all hooks, whatever becomes of those before them; what fails is told, and undoes nothing. runtime.md § Lifecycle, step 13 */
export async function runLastHooks(
  hooks: readonly Hook[] = [],
  state: ContainerState,
  warn: (message: string) => void,
): Promise<void> {
  for (const [index, hook] of hooks.entries())
    await runHook(hook, `poststop hook #${index}`, state).catch(error => warn((error as Error).message))
}

/** As a process that the kernel ends when this one is gone: nobody else knows of it. */
async function runHook(hook: Hook, name: string, state: ContainerState): Promise<void> {
  const fail = (reason: string, code: 'COMMAND_FAILED' | 'TIMEOUT' = 'COMMAND_FAILED') =>
    new RuntimeError(code, `error running ${name}: ${reason}`, { where: name, got: reason, want: hook.path })
  // Loaded only when there are hooks: most containers have none, and it takes milliseconds.
  const { Socket } = await import('node:net')
  const [input, errors] = [native().pipe(), native().pipe()]
  const told = new Socket({ fd: input[1], readable: false, writable: true })
  const heard = new Socket({ fd: errors[0], readable: true, writable: false })
  let said = ''
  heard.on('data', chunk => {
    said = (said + chunk).slice(-1000)
  })
  try {
    const carried = await start(hook, state, input[0], errors[1]).catch(error => {
      throw fail(error.message)
    })
    // A hook need not read its state.
    told.on('error', () => {})
    told.end(JSON.stringify(state))
    let late = false
    const end = () => {
      late = true
      process.kill(carried.pid, 'SIGKILL')
    }
    const timer = hook.timeout === undefined ? undefined : setTimeout(end, milliseconds(hook.timeout))
    const status = await carried.exited()
    clearTimeout(timer)
    if (late) throw fail(`hook ran past specified timeout of ${hook.timeout}s`, 'TIMEOUT')
    if (status === 0) return
    // What a hook has started may keep its stderr: only what is there already is waited for.
    await Promise.race([new Promise(resolve => heard.once('end', resolve)), sleep(50)])
    throw fail(`exit status ${status}${said ? `, stderr: ${said.trim()}` : ''}`)
  } finally {
    told.destroy()
    heard.destroy()
  }
}

async function start(
  { path, args = [path], env = ownEnvironment() }: Hook,
  state: ContainerState,
  input: number,
  errors: number,
) {
  const nothing = openSync('/dev/null', 'w')
  const steps: Step[] = [
    { op: 'clone', flags: 0, cgroup: -1 },
    waitAt('cloned'),
    { op: 'chdir', path: state.bundle },
    { op: 'closeFrom', fd: 3 },
    { op: 'endWithKeeper' },
    { op: 'exec', candidates: [path], args, env },
  ]
  try {
    const carried = await carryOut(steps, { streams: [input, nothing, errors], preserved: 0, at: () => {} })
    await carried.executed()
    return carried
  } finally {
    for (const fd of [input, nothing, errors]) closeSync(fd)
  }
}

/** What a hook has that asks for no other. */
export function ownEnvironment(): string[] {
  return Object.entries(process.env).map(([name, value]) => `${name}=${value}`)
}

/** Of a time-out; what no timer can count is as good as never. */
export function milliseconds(seconds: number): number {
  return Math.min(seconds * 1000, 2 ** 31 - 1)
}
