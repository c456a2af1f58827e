import { setTimeout as sleep } from 'node:timers/promises'
import { checkStep, lookAt, type Report } from './course.ts'
import type { Lesson } from './lesson.ts'

// The kernel says nothing when a bridge appears: we look again. A look at files takes a few milliseconds.
const INTERVAL = 1000

export interface WatchOptions {
  readonly signal?: AbortSignal
  /** Milliseconds between two looks. */
  readonly interval?: number
}

/**
 * Looks at the first step that is not done, again and again, and tells of it whenever what it sees changes; when it is
 * done, goes on to the next one. Ends after the last; throws `AbortError` when it is stopped.
 */
export async function* watchLessons(
  root: string,
  lessons: readonly Lesson[],
  { signal, interval = INTERVAL }: WatchOptions = {},
): AsyncGenerator<Report> {
  for (const lesson of lessons)
    for (const check of lesson.checks) {
      let told: string | undefined
      for (;;) {
        const report = await lookAt(root, lesson, check)
        const seen = JSON.stringify(report.finding)
        if (report.finding.state === 'pass') {
          yield await checkStep(root, check.id)
          break
        }
        if (seen !== told) yield report
        told = seen
        if (report.finding.state === 'skip') break
        await sleep(interval, undefined, { signal })
      }
    }
}
