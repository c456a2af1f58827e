import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'
import { isSystemError } from '../../errors.ts'
import type { Options } from '../../events.ts'

/** What a container has said, a line at a time, as Docker's json-file keeps it. */
export interface LogLine {
  /** With its line end, where it had one. */
  readonly log: string
  readonly stream: 'stdout' | 'stderr'
  /** RFC 3339. */
  readonly time: string
}

// A program that never ends its line is written down all the same.
const LONGEST_LINE = 16_384
const POLL = 50

const GAP = 'ocilab: output is missing here: there was no room for it\n'

/**
 * Writes what comes of two streams into a log, line by line. On a full disk it goes on without, and when there is room again
 * the log says where output is missing. `gap`: some is missing at its end; `onGap` is told when that changes.
 */
export function openLog(
  path: string,
  { gap = false, onGap }: { gap?: boolean; onGap?(gap: boolean): void } = {},
): { write(stream: LogLine['stream'], chunk: Buffer): void; close(): void } {
  const fd = openSync(path, 'a', 0o640)
  const pending = { stdout: newPending(), stderr: newPending() }
  let missing = gap
  const put = (stream: LogLine['stream'], log: string) => {
    const kept = append(fd, `${missing ? lineOf('stderr', GAP) : ''}${lineOf(stream, log)}`)
    if (kept !== missing) return
    missing = !kept
    onGap?.(missing)
  }
  return {
    write(stream, chunk) {
      const held = pending[stream]
      held.text += held.decoder.write(chunk)
      const lines = held.text.split(/(?<=\n)/)
      held.text = lines.at(-1)?.endsWith('\n') || (lines.at(-1)?.length ?? 0) > LONGEST_LINE ? '' : (lines.pop() ?? '')
      for (const line of lines) put(stream, line)
    },
    close() {
      for (const stream of ['stdout', 'stderr'] as const)
        if (pending[stream].text !== '') put(stream, pending[stream].text)
      closeSync(fd)
    },
  }
}

function lineOf(stream: LogLine['stream'], log: string): string {
  return `${JSON.stringify({ log, stream, time: new Date().toISOString() } satisfies LogLine)}\n`
}

/** Writes all of it or nothing; false where the disk takes no more. */
function append(fd: number, lines: string): boolean {
  const bytes = Buffer.from(lines)
  const { size } = fstatSync(fd)
  try {
    if (writeSync(fd, bytes) === bytes.length) return true
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
  ftruncateSync(fd, size)
  return false
}

function newPending() {
  return { text: '', decoder: new StringDecoder('utf8') }
}

/**
 * The lines of a log; with `follow`, also those that come, until `ended` says that there will be none. ≙ docker logs
 * `tail`: only so many of those that are there.
 */
export async function* readLog(
  path: string,
  {
    follow = false,
    tail,
    ended = () => true,
    signal,
  }: { follow?: boolean; tail?: number; ended?(): boolean } & Options,
): AsyncGenerator<LogLine> {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    // One that was never started has said nothing.
    if (isSystemError(error, 'ENOENT')) return
    throw error
  }
  try {
    const reader = newReader(fd)
    const there = reader.lines()
    yield* tail === undefined ? there : there.slice(Math.max(0, there.length - tail))
    while (follow) {
      // Asked before reading: what was written before the end is read after the answer.
      const last = ended()
      yield* reader.lines()
      if (last) return
      await sleep(POLL, undefined, { signal })
    }
  } finally {
    closeSync(fd)
  }
}

function newReader(fd: number): { lines(): LogLine[] } {
  let at = 0
  return {
    lines() {
      const bytes = Buffer.alloc(fstatSync(fd).size - at)
      const got = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, at))
      // A line that is being written is read when it is whole.
      const whole = got.subarray(0, got.lastIndexOf(10) + 1)
      at += whole.length
      return whole
        .toString()
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as LogLine)
    },
  }
}
