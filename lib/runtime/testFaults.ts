import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** What goes wrong, and where. */
export interface Fault extends Point {
  /** `signal=KILL`, or `error=EIO`. */
  readonly what: string
  /** System calls, as strace names them, that are written down. */
  readonly calls: readonly string[]
  /** Those of every process it starts, too. */
  readonly children: boolean
}

/** One call: the third `write` of a process, say. The number 0 is none. */
export interface Point {
  readonly call: string
  readonly at: number
}

export interface Faulted {
  /** 137 when it was killed. */
  readonly status: number
  readonly stderr: string
  /** Each call that was written down, as strace shows it. */
  readonly trace: string[]
  /** The call the fault was at; undefined when there were fewer. */
  readonly hit?: string
}

const PATIENCE = 2_000
const OCIRUN = fileURLToPath(new URL('../../dist/ocirun.cjs', import.meta.url))

/** Runs what `npm run build` made of ocirun, with one fault. */
export async function faulted(args: string[], cwd: string, fault: Fault): Promise<Faulted> {
  const { calls, call, at, what, children } = fault
  const follow = children ? ['--follow-forks'] : []
  const inject = [`--trace=${calls}`, ...(at > 0 ? [`--inject=${call}:${what}:when=${at}`] : [])]
  const file = join(cwd, 'trace')
  const quiet = '--quiet=attach,personality,thread-execve'
  const strace = [quiet, ...follow, '--output', file, ...inject, process.execPath, OCIRUN, ...args]
  writeFileSync(file, '')
  const child = spawn('strace', strace, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  let gone = false
  child.on('exit', () => {
    gone = true
  })
  // strace stays as long as the container does: what it writes down tells when the program itself has ended.
  const lines = () => readFileSync(file, 'utf8').split('\n')
  while (!gone && !endOf(lines())) await sleep(5)
  // What it has said may reach us after its end has been written down: who failed has said something.
  const failed = () => !['0', undefined].includes(endOf(lines())?.[2])
  for (let waited = 0; failed() && stderr === '' && waited < PATIENCE; waited += 5) await sleep(5)
  child.stderr.destroy()
  const trace = lines()
  const killed = trace.findIndex(line => line.includes('killed by SIGKILL'))
  const hit = what.startsWith('signal') ? trace[killed - 1] : trace.find(line => line.includes('(INJECTED)'))
  return { status: Number(endOf(trace)?.[2] ?? 128 + 9), stderr, trace, hit }
}

/** Every call of a trace once: of those that more than one process made as often, the first to come is meant. */
export function pointsIn(trace: readonly string[]): (Point & { line: string })[] {
  const counts = new Map<string, number>()
  const points = new Map<string, Point & { line: string }>()
  for (const line of trace) {
    const [, pid = '', call] = /^(?:(\d+) +)?(\w+)\(/.exec(line) ?? []
    if (call === undefined) continue
    const at = (counts.get(`${pid} ${call}`) ?? 0) + 1
    counts.set(`${pid} ${call}`, at)
    if (!points.has(`${call} ${at}`)) points.set(`${call} ${at}`, { call, at, line })
  }
  return [...points.values()]
}

/** The line that says how the program ended which was started first. */
function endOf(lines: readonly string[]): RegExpExecArray | undefined {
  const [, first = ''] = /^(\d+ +)/.exec(lines[0] ?? '') ?? []
  const ends = lines.filter(line => line.startsWith(first))
  return (
    ends.map(line => /\+\+\+ (exited with (\d+)|killed by SIG\w+)/.exec(line)).find(match => match !== null) ??
    undefined
  )
}

/** Processes that were started in a folder, or see the rootfs of a bundle in it. */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => read(() => readlinkSync(`/proc/${pid}/cwd`)).startsWith(folder) || sees(pid, folder))
    .map(pid => `process ${pid} ${read(() => readFileSync(`/proc/${pid}/comm`, 'utf8')).trim()}`)
}

function sees(pid: string, folder: string): boolean {
  return read(() => readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).includes(`${folder}/`)
}

/** It may end while it is looked at. */
function read(look: () => string): string {
  try {
    return look()
  } catch {
    return ''
  }
}
