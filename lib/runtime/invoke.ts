import { type StdioOptions, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isSystemError, RuntimeError } from '../errors.ts'
import type { ExecResult } from './container.ts'

/** One run of a runtime's command line. */
export interface Invocation {
  binary: string
  args: string[]
  /** A file that takes stdout and stderr, for what lives on after the command has ended. */
  output?: string
  /** Through a pseudo-terminal, which script(1) lends: a program has none of its own. */
  terminal?: boolean
  /** On the terminal this program runs on: what is typed goes in, and the output does not come back here. */
  interactive?: boolean
  /** The exit code is that of a program inside: any is a result. */
  program?: boolean
  signal?: AbortSignal
}

/** Runs the runtime. Throws `TOOL_MISSING`, or what the runtime says, under a code: see {@link codeOf}. */
export async function invoke(invocation: Invocation): Promise<ExecResult> {
  const { binary, output, program, interactive, signal } = invocation
  const terminal = invocation.terminal && !interactive
  const log = openNameless()
  const args = ['--log', `/proc/${process.pid}/fd/${log}`, '--log-format', 'json', ...invocation.args]
  const [command, words] = terminal ? underTerminal(binary, args) : [binary, args]
  const file = output === undefined ? undefined : openSync(output, 'a', 0o644)
  try {
    const result = await run(command, words, { file, terminal, interactive, signal })
    // Two terminals, script's and the container's, may each have put a carriage return before the line's end.
    const clean = terminal ? { ...result, stdout: result.stdout.replace(/\r+\n/g, '\n') } : result
    if (result.status === 0) return clean
    const message = loggedError(log)
    if (program && message === undefined) return clean
    throw failure(invocation, message ?? lastLine(result.stderr), result.status)
  } finally {
    if (file !== undefined) closeSync(file)
    closeSync(log)
  }
}

type Streams = { file?: number; terminal?: boolean; interactive?: boolean; signal?: AbortSignal }

function run(command: string, args: string[], { file, terminal, interactive, signal }: Streams): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    // An input that ends at once would reach the pseudo-terminal as ^D: there it stays open until the program ends.
    const input = terminal ? 'pipe' : 'ignore'
    const stdio: StdioOptions = interactive ? 'inherit' : [input, file ?? 'pipe', file ?? 'pipe']
    const child = spawn(command, args, { stdio, signal })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', chunk => out.push(chunk))
    child.stderr?.on('data', chunk => err.push(chunk))
    child.on('error', error => reject(isSystemError(error, 'ENOENT') ? missing(command, error) : error))
    child.on('exit', () => child.stdin?.destroy())
    child.on('close', status =>
      resolve({ status: status ?? 128, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    )
  })
}

function underTerminal(binary: string, args: string[]): [string, string[]] {
  const line = [binary, ...args].map(quoted).join(' ')
  return ['script', ['--quiet', '--return', '--log-out', '/dev/null', '--command', line]]
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** A file that has no name any more: whoever is killed leaves nothing of it. */
function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-log-'))
  try {
    return openSync(join(folder, 'log'), 'w+', 0o600)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The last error in a runtime's log: one JSON object a line, by runc and crun alike. */
function loggedError(log: number): string | undefined {
  const lines = readFileSync(log, 'utf8').split('\n')
  const entries = lines
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as { level?: string; msg?: string })
  return entries.findLast(({ level }) => level === 'error' || level === 'fatal')?.msg
}

const CODES = [
  [/already exists/, 'CONTAINER_EXISTS'],
  [/does not exist|\/status`?: No such file/, 'CONTAINER_UNKNOWN'],
  [
    /not stopped|not running|already running|stopped container|paused container|is not in `created`|exec\.fifo/,
    'CONTAINER_WRONG_STATUS',
  ],
  [/config\.json/, 'CONFIG_INVALID'],
  [/operation not permitted|permission denied|must be root/i, 'NOT_PERMITTED'],
] as const

/** The code for what a runtime says, whichever runtime it is. */
export function codeOf(message: string) {
  return CODES.find(([pattern]) => pattern.test(message))?.[1] ?? 'COMMAND_FAILED'
}

function failure({ binary, args }: Invocation, message: string, status: number): RuntimeError {
  const name = basename(binary)
  const where = [name, ...args].join(' ')
  return new RuntimeError(codeOf(message), `${name}: ${message || `exit ${status}`}`, { got: status, where })
}

function missing(command: string, cause: Error): RuntimeError {
  const hint = `sudo apt-get install -y ${basename(command)}`
  return new RuntimeError('TOOL_MISSING', `${command}: not installed here`, { want: command, hint }, { cause })
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
