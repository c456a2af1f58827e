import type { spawn as spawnOf } from 'node:child_process'
import { RuntimeError } from '../../errors.ts'
import type { ContainerState, Hook, HookKind } from '../../spec/runtimeConfig.ts'

type Spawn = typeof spawnOf

/**
 * Runs hooks in the runtime's namespaces, one after the other, with the state on stdin. config.md § POSIX-platform Hooks
 * Throws `COMMAND_FAILED` for the first that fails, and `TIMEOUT` for one that took longer than its `timeout`.
 */
export async function runHooks(kind: HookKind, hooks: readonly Hook[] = [], state: ContainerState): Promise<void> {
  if (hooks.length === 0) return
  // Loaded only when there are hooks: most containers have none, and it takes milliseconds.
  const { spawn } = await import('node:child_process')
  for (const [index, hook] of hooks.entries()) await runHook(hook, `${kind} hook #${index}`, state, spawn)
}

/** Runs all hooks, whatever becomes of those before them; what fails is told, and undoes nothing. runtime.md § Lifecycle, step 13 */
export async function runLastHooks(
  hooks: readonly Hook[] = [],
  state: ContainerState,
  warn: (message: string) => void,
): Promise<void> {
  if (hooks.length === 0) return
  const { spawn } = await import('node:child_process')
  for (const [index, hook] of hooks.entries())
    await runHook(hook, `poststop hook #${index}`, state, spawn).catch(error => warn((error as Error).message))
}

function runHook(hook: Hook, name: string, state: ContainerState, spawn: Spawn): Promise<void> {
  const [argv0 = hook.path, ...args] = hook.args ?? []
  return new Promise((resolve, reject) => {
    const fail = (reason: string, code: 'COMMAND_FAILED' | 'TIMEOUT' = 'COMMAND_FAILED') =>
      reject(new RuntimeError(code, `error running ${name}: ${reason}`, { where: name, got: reason, want: hook.path }))
    const child = spawn(hook.path, args, {
      argv0,
      cwd: state.bundle,
      env: hook.env ? environmentOf(hook.env) : process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let said = ''
    child.stdout.resume()
    child.stderr.on('data', chunk => {
      said = (said + chunk).slice(-1000)
    })
    const timer =
      hook.timeout === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), milliseconds(hook.timeout))
    child.on('error', error => fail(error.message))
    // What a hook has started may keep its stdout: only the hook itself is waited for.
    child.on('exit', (status, signal) => {
      clearTimeout(timer)
      child.stdout.destroy()
      child.stderr.destroy()
      if (status === 0) return resolve()
      if (signal === 'SIGKILL' && timer) return fail(`hook ran past specified timeout of ${hook.timeout}s`, 'TIMEOUT')
      fail(`exit status ${status ?? signal}${said ? `, stderr: ${said.trim()}` : ''}`)
    })
    // A hook need not read its state.
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify(state))
  })
}

/** Of a time-out; what no timer can count is as good as never. */
export function milliseconds(seconds: number): number {
  return Math.min(seconds * 1000, 2 ** 31 - 1)
}

/** Entries `NAME=value` as an object; the last of a name counts. */
export function environmentOf(entries: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    entries.map(entry => {
      const at = entry.indexOf('=')
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)]
    }),
  )
}
