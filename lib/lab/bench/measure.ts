import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OciError } from '../../errors.ts'
import { runProgram } from './program.ts'
import type { Comparison, Contender } from './suite.ts'
import { cpuOf, cpuUsed, forgetPeak, peakSince } from './usage.ts'

/** What was measured of one contender. */
export interface Figures {
  readonly name: string
  /** Milliseconds: the median of all runs, and each run. */
  readonly wall: number
  readonly runs: readonly number[]
  /** Milliseconds of CPU in one run, on average: its own, and that of programs it waited for; or its server's. */
  readonly cpu: number
  /** The most memory it had, in bytes. */
  readonly peak: number
}

export interface Measured {
  readonly name: string
  readonly goal: number
  readonly today?: number
  /** Our time in times of the fastest peer's. */
  readonly ratio: number
  readonly ours: Figures
  readonly peers: readonly Figures[]
}

const PAIRS = 5

/**
 * Runs ours and the peers' in turns, so that whatever else the machine does is shared fairly. A time counts only when all
 * have left the same. Throws `COMMAND_FAILED` when they have not, and whatever a contender throws.
 */
export async function measure(
  comparison: Comparison,
  folder: string,
  pairs = comparison.pairs ?? PAIRS,
): Promise<Measured> {
  const contenders = [comparison.ours, ...comparison.peers]
  // The first run of each fills caches, as of files and compiled code, and is not counted.
  const peaks: number[] = []
  for (const contender of contenders) peaks.push(await peakOf(contender, folder))
  const spent = contenders.map(() => ({ runs: [] as number[], cpu: 0 }))
  for (let pair = 0; pair < pairs; pair++) {
    const results: string[] = []
    for (const [place] of contenders.entries()) {
      // Each is as often the first one as any other.
      const turn = (place + pair) % contenders.length
      const { wall, cpu, result } = await oneRun(contenders[turn]!)
      spent[turn]!.runs.push(wall)
      spent[turn]!.cpu += cpu
      results[turn] = result
    }
    insistOnEqual(comparison.name, contenders, results)
  }
  const [ours, ...peers] = contenders.map(
    ({ name }, i): Figures => ({
      ...{ name, wall: median(spent[i]!.runs), runs: spent[i]!.runs },
      ...{ cpu: spent[i]!.cpu / pairs, peak: peaks[i]! },
    }),
  )
  const ratio = ours!.wall / Math.min(...peers.map(({ wall }) => wall))
  const { name, goal, today } = comparison
  return { name, goal, today, ratio, ours: ours!, peers }
}

/** One contender, with nothing beside it. */
export async function measureAlone(contender: Contender, folder: string, runs: number): Promise<Figures> {
  const { ours } = await measure(
    { name: contender.name, goal: Number.POSITIVE_INFINITY, ours: contender, peers: [] },
    folder,
    runs,
  )
  return ours
}

async function oneRun(contender: Contender): Promise<{ wall: number; cpu: number; result: string }> {
  await contender.prepare?.()
  const { server } = contender
  const used = () => (server === undefined ? cpuUsed() : cpuOf(server))
  const before = used()
  const begin = process.hrtime.bigint()
  await contender.run()
  const wall = Number(process.hrtime.bigint() - begin) / 1e6
  const cpu = used() - before
  return { wall, cpu, result: JSON.stringify((await contender.result?.()) ?? null) }
}

/** Of a program by time(1), in a run of its own, so that time(1) itself is in no figure; else of the server, or of this program. */
async function peakOf({ prepare, command, server, run, result }: Contender, folder: string): Promise<number> {
  await prepare?.()
  if (!command) {
    forgetPeak(server)
    await run()
    const peak = peakSince(server)
    await result?.()
    return peak
  }
  const file = join(folder, 'peak')
  await runProgram(['time', '--format=%M', `--output=${file}`, '--', ...command])
  await result?.()
  return Number(readFileSync(file, 'utf8')) * 1024
}

function insistOnEqual(name: string, contenders: readonly Contender[], results: readonly string[]): void {
  const other = results.findIndex(result => result !== results[0])
  if (other < 0) return
  const [want, got] = [results[other]!, results[0]!].map(text => text.slice(0, 300))
  throw new OciError(
    'COMMAND_FAILED',
    `${name}: not the same as ${contenders[other]!.name} (want ${want}, got ${got})`,
    {
      ...{ where: name, want, got },
    },
  )
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
