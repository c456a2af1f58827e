import { LineError } from './error.ts'

/**
 * The words of an exec form, `["a", "b"]`; nothing for what is no JSON array and so is meant for the shell.
 * Throws {@link LineError} for an array of other things than strings.
 */
export function parseJsonWords(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (Array.isArray(value) && value.every(word => typeof word === 'string')) return value
  throw new LineError('When using JSON array syntax, arrays must be comprised of strings only.')
}
