import { appendFileSync } from 'node:fs'
import { isOciError, isSystemError, sentence as sentenceOf } from '../../errors.ts'
import type { Global } from './global.ts'

/** An error with the exit code it asks for. */
export class ExitError extends Error {
  readonly status: number

  constructor(status: number, message: string, cause: unknown) {
    super(message, { cause })
    this.status = status
  }
}

/** Says what went wrong where `--log` wants it, and on stderr; answers the exit code. */
export function reportError(error: unknown, global: Global | undefined): number {
  const message = sentence(error)
  if (global?.log) {
    try {
      appendFileSync(global.log, `${logLine(message, global.format)}\n`, { mode: 0o644 })
    } catch (failed) {
      process.stderr.write(`${logLine((failed as Error).message, 'text')}\n`)
    }
    process.stderr.write(`${message}\n`)
  } else process.stderr.write(`${logLine(message, global?.format ?? 'text')}\n`)
  if (process.env.OCILAB_DEBUG) console.error(error)
  return error instanceof ExitError ? error.status : 1
}

/** Says what is no error, and yet should be known, where `--log` wants it, or on stderr. */
export function warn(message: string, global: Global): void {
  logTo(global, message, 'warning')
}

/** Says what is done, where `--log` wants it, or on stderr. ≙ `--debug` */
export function debug(message: string, global: Global): void {
  logTo(global, message, 'debug')
}

function logTo({ log, format }: Global, message: string, level: string): void {
  const line = `${logLine(message, format, level)}\n`
  if (log) appendFileSync(log, line, { mode: 0o644 })
  else process.stderr.write(line)
}

function sentence(error: unknown): string {
  if (error instanceof ExitError) return error.message
  if (isSystemError(error)) return sentenceOf(error)
  // Node's own may go on for lines; what happened is in the first.
  const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1)
  return isOciError(error) && error.data.hint ? `${message} (${error.data.hint})` : message
}

/** A line as logrus writes it. */
export function logLine(msg: string, format: 'text' | 'json', level = 'error'): string {
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  return format === 'json'
    ? JSON.stringify({ level, msg, time })
    : `time="${time}" level=${level} msg=${JSON.stringify(msg)}`
}
