import { InvalidArgumentError } from 'commander'

/** The value of a `--port`: 0 asks for a free one. */
export function parsePort(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0 || number > 65535) throw new InvalidArgumentError('want 0 to 65535.')
  return number
}
