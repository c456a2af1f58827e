import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { runInThisContext } from 'node:vm'
import { languageOf } from '../course/place.ts'
import { type Compiled, type Compiler, openCompiler } from './compiler.ts'
import { type Failure, failureOf, interrupted } from './failure.ts'

// What was stopped may still tidy up after itself, for this long.
const GRACE = 2000

/** How a cell ended: `value` is that of its last expression. */
export type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly failure: Failure }

/** Runs cells one after the other; the variables of one are there for the next. */
export interface Cells {
  readonly compiler: Compiler
  run(code: string, count: number): Promise<Outcome>
  /** Stops the running cell: its promise is given up, and what listens to `signal` is told. */
  interrupt(): void
  /** Of the running cell, or of the last one. */
  readonly signal: AbortSignal
  close(): void
}

/** `modules` are those a cell may import without their being installed, by name; `home` is the package of `ocilab`. */
export function openCells(folder: string, home: string, modules: Readonly<Record<string, unknown>>): Cells {
  const language = languageOf(folder)
  const compiler = openCompiler(folder, home)
  const fromFolder = createRequire(join(folder, 'cell.js'))
  const variables = variablesOf()
  const lend = (name: string) => (Object.hasOwn(modules, name) ? modules[name] : fromFolder(name))
  Object.assign(globalThis, { __ocilab_cell__: { variables, require: Object.assign(lend, fromFolder) } })
  const lost: unknown[] = []
  const lose = (error: unknown) => void lost.push(error)
  process.on('unhandledRejection', lose).on('uncaughtException', lose)
  let controller = new AbortController()

  /** Runs what was compiled, and waits for it; a promise that is the cell's value is waited for too. */
  async function evaluate(compiled: Compiled, name: string): Promise<unknown> {
    // The compiler writes `exports.bridge` for an earlier cell's variable, but leaves the shorthand `{ bridge }` as it is.
    const open = `with (__ocilab_cell__.variables) (${compiled.awaits ? 'async ' : ''}function(exports, require) { `
    const close = '\n})(__ocilab_cell__.variables, __ocilab_cell__.require)'
    await runInThisContext(`${open}${compiled.javascript}${close}`, { filename: name, breakOnSigint: true })
    if (compiled.last === undefined) return undefined
    const value = variables[compiled.last]
    delete variables[compiled.last]
    return value
  }

  async function run(code: string, count: number): Promise<Outcome> {
    const name = `In [${count}]`
    let compiled: Compiled | undefined
    controller = new AbortController()
    try {
      // What was lost since the last cell ended belongs to a cell before this one, but it is told here, and not swallowed.
      await turn()
      throwLost(lost, 'an earlier cell')
      compiled = compiler.compile(code)
      const value = await unlessStopped(evaluate(compiled, name), controller.signal)
      compiler.keep(compiled)
      // A promise that nobody awaited shows that it was lost at the end of a turn.
      await turn()
      await turn()
      throwLost(lost, 'this cell')
      return { ok: true, value }
    } catch (error) {
      lost.length = 0
      const cell = { name, source: code, javascript: compiled?.javascript, language }
      if (wasInterrupted(error, controller.signal)) return { ok: false, failure: interrupted(language) }
      return { ok: false, failure: failureOf(error, cell) }
    }
  }

  return {
    compiler,
    run,
    interrupt: () => controller.abort(new DOMException('interrupted', 'AbortError')),
    get signal() {
      return controller.signal
    },
    close() {
      process.off('unhandledRejection', lose).off('uncaughtException', lose)
      compiler.close()
    },
  }
}

/** The variables of all cells. What the compiler exports with a getter is kept as a value: a later cell may set it anew. */
function variablesOf(): Record<string, unknown> {
  // No prototype: `toString` is not a variable.
  const values: Record<string, unknown> = Object.create(null)
  return new Proxy(values, {
    defineProperty(target, name, { get, value }) {
      if (name !== '__esModule') target[name as string] = get ? get() : value
      return true
    },
  })
}

const NOT_AWAITED = { en: 'is an await missing?', zh: '是不是少写了一个 await？' }

function throwLost(lost: unknown[], where: string): void {
  if (lost.length === 0) return
  const [first] = lost
  lost.length = 0
  const message = first instanceof Error ? first.message : String(first)
  const error = new Error(`${message} (thrown in ${where}, and nobody awaited it)`, { cause: first })
  Object.assign(error, { data: { advice: NOT_AWAITED } })
  if (first instanceof Error) Object.assign(error, { name: first.name, stack: first.stack })
  throw error
}

async function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => sleep(GRACE, undefined, { ref: false }).then(() => reject(signal.reason)), {
      once: true,
    })
  })
  stopped.catch(() => {})
  return Promise.race([work, stopped])
}

// ERR_SCRIPT_EXECUTION_INTERRUPTED is what Node throws into code that does not wait for anything.
function wasInterrupted(error: unknown, signal: AbortSignal): boolean {
  if ((error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') return true
  return signal.aborted && error === signal.reason
    ? true
    : (error as Error | null)?.name === 'AbortError' && signal.aborted
}
