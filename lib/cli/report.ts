import { CommanderError } from 'commander'
import { isOciError, isSystemError, knownSentence } from '../errors.ts'

/** As of a program that SIGPIPE has ended. */
export const READER_GONE = 141

/** Prints one line for people (and a hint, when there is one) and answers the exit code. A stack trace only with OCILAB_DEBUG. */
export function report(error: unknown): number {
  if (isInterrupt(error)) return process.exitCode ? Number(process.exitCode) : 130
  if (isSystemError(error, 'EPIPE')) return READER_GONE
  process.stderr.write(`ocilab: ${knownSentence(error) ?? unforeseen(error)}\n`)
  if (isOciError(error) && error.data.hint) process.stderr.write(`  hint: ${error.data.hint}\n`)
  if (process.env.OCILAB_DEBUG) console.error(error)
  return isOciError(error, 'ARGUMENT_INVALID') ? 2 : 1
}

/** Commander has already printed what was wrong; asking for --help is no error. */
export function isUsageError(error: unknown): error is CommanderError & { status: number } {
  if (!(error instanceof CommanderError)) return false
  Object.assign(error, { status: error.exitCode === 0 ? 0 : 2 })
  return true
}

// What we did not foresee is our defect: say so, and how to show it.
function unforeseen(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return `unexpected: ${message} (OCILAB_DEBUG=1 shows where; please report it)`
}

function isInterrupt(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
