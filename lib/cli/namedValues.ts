import { OciError } from '../errors.ts'

/** `NAME=VALUE` flags as a record; the value of a bare NAME is asked for. Throws `ARGUMENT_INVALID`. */
export function namedValues(
  words: readonly string[],
  flag: string,
  otherwise?: (name: string) => string | undefined,
): Record<string, string> {
  const found: [string, string][] = []
  for (const word of words) {
    const equals = word.indexOf('=')
    const name = equals < 0 ? word : word.slice(0, equals)
    if (name === '' || (equals < 0 && !otherwise))
      throw new OciError('ARGUMENT_INVALID', `${flag} ${JSON.stringify(word)}: want NAME=VALUE`, {
        want: 'NAME=VALUE',
        got: word,
      })
    const value = equals < 0 ? otherwise!(name) : word.slice(equals + 1)
    if (value !== undefined) found.push([name, value])
  }
  return Object.fromEntries(found)
}
