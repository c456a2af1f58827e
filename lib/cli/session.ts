import { constants } from 'node:os'
import type { LabEvent, Options } from '../events.ts'
import { progress } from './progress.ts'

/** What the common flags of a verb ask for. */
export interface SessionFlags {
  quiet?: boolean
  trace?: boolean
  json?: boolean
}

/** Runs a verb's work with progress on stderr, and with SIGINT and SIGTERM as an abort signal: what was begun is cleaned up. */
export async function session<T>(
  flags: SessionFlags,
  work: (options: Options) => Promise<T>,
  listener?: (event: LabEvent) => void,
): Promise<T> {
  const controller = new AbortController()
  const bars = flags.quiet ? undefined : progress(process.stderr, { trace: flags.trace ?? false })
  const interrupt = (signal: NodeJS.Signals) => {
    process.exitCode = 128 + constants.signals[signal]
    controller.abort(new DOMException('interrupted', 'AbortError'))
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    return await work({
      signal: controller.signal,
      onEvent(event) {
        listener?.(event)
        bars?.onEvent(event)
      },
    })
  } finally {
    bars?.end()
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

/** Results go to stdout: as JSON where a machine reads, else as the lines given. */
export function print(flags: { json?: boolean }, value: unknown, lines: () => string | string[]): void {
  const text = flags.json ? JSON.stringify(value, null, 2) : [lines()].flat().join('\n')
  if (text !== '') process.stdout.write(`${text}\n`)
}
