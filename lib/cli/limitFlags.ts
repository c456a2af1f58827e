import { type Command, InvalidArgumentError } from 'commander'
import type { Limits } from '../image/limits.ts'

/** The flags of verbs that unpack layers. */
export interface LimitFlags {
  maxSize?: number
  maxEntries?: number
  maxRatio?: number
}

export function withLimitFlags(command: Command): Command {
  return command
    .option('--max-size <bytes>', 'refuse an image whose layers unpack to more (1 TiB)', above0)
    .option('--max-entries <number>', 'refuse an image with more files (10 000 000)', above0)
    .option('--max-ratio <number>', 'refuse a layer that unpacks to more than so many times its size (2000)', above0)
}

export function limitsOf({ maxSize, maxEntries, maxRatio }: LimitFlags): Partial<Limits> {
  return {
    ...(maxSize !== undefined && { size: maxSize }),
    ...(maxEntries !== undefined && { entries: maxEntries }),
    ...(maxRatio !== undefined && { ratio: maxRatio }),
  }
}

function above0(text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new InvalidArgumentError('want a number above 0.')
  return number
}
