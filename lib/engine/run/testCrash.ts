import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { eventually, leftOn, type Result, type TestHost } from './testHost.ts'

/** How to import a file of lib/ in the work of a crash: `module('engine/run/create.ts')`. */
export const module = (path: string) => JSON.stringify(fileURLToPath(new URL(join('../..', path), import.meta.url)))

/**
 * A program on a host that does some work with containers, and is killed after so many of the things that it tells; after
 * none of them when that is 0, and then it says how many there were. The work has `home` and `onEvent`.
 */
export function crashProgram(host: TestHost, imports: string, work: string): (events: number) => Promise<Result> {
  const program = join(host.folder, 'image-crash.mjs')
  writeFileSync(
    program,
    `${imports}
     import { homeOf } from ${module('engine/run/store.ts')}
     import { openJournal } from ${module('lab/journal.ts')}
     const [root, last] = process.argv.slice(2)
     const home = homeOf('default', root)
     const journal = openJournal('default')
     let seen = 0
     const onEvent = event => {
       journal.onEvent(event)
       if (event.type !== 'change' && event.type !== 'undone' && event.type !== 'command') return
       if (++seen === Number(last)) process.kill(process.pid, 'SIGKILL')
     }
     ${work}
     journal.close()
     console.log(seen)`,
  )
  return events => host.run(process.execPath, program, host.folder, String(events))
}

/** How many things the whole work tells. */
export async function eventsOf(crashAfter: (events: number) => Promise<Result>): Promise<number> {
  const whole = await crashAfter(0)
  expect(whole.stderr).toBe('')
  const events = Number(whole.stdout)
  expect(events).toBeGreaterThan(30)
  return events
}

export const cleared = (host: TestHost) => eventually(async () => expect(await leftOn(host)).toBe(''))

/**
 * Kills it after each of its events, with OCILAB_SWEEP; else after each `step`th one, on other days the others. Half of the
 * times `remove` is tried first; then `reset` takes back what is left.
 */
export async function sweepCrashes(
  host: TestHost,
  crashAfter: (events: number) => Promise<Result>,
  { events, step, remove }: { events: number; step: number; remove: () => Promise<unknown> },
): Promise<void> {
  const [first, next] = process.env.OCILAB_SWEEP ? [1, 1] : [1 + (new Date().getDate() % step), step]
  for (let last = first; last <= events; last += next) {
    expect((await crashAfter(last)).stdout).toBe('')
    if (last % 2 === 0) await remove()
    const { status, stderr } = await host.ocilab('reset')
    expect([last, status, stderr]).toEqual([last, 0, ''])
    await cleared(host)
  }
}
