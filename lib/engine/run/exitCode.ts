import { isOciError } from '../../errors.ts'

/** What `docker run` ends with when there was no container to end: 127 and 126 as a shell has them, else 125. */
export function exitCodeOf(error: unknown): number {
  if (!isOciError(error)) return 125
  if (/^exec:? .*(no such file or directory|executable file not found)/.test(error.message)) return 127
  if (/^exec: /.test(error.message)) return 126
  return 125
}
