import { processWords } from './words.ts'

/** A file written inside the Dockerfile: `<<EOF … EOF`. */
export interface Heredoc extends Opening {
  /** The lines between, without leading tabs for `<<-`. */
  readonly content: string
  /** How many lines of the file it takes, with the one that ends it. */
  readonly lines: number
}

interface Opening {
  readonly name: string
  /** The descriptor before `<<`; 0 when none is said. */
  readonly fd: number
  /** `<<-`: leading tabs go. */
  readonly chomp: boolean
  /** False when its name is quoted: then variables in it stay as they are. */
  readonly expand: boolean
  readonly offset: number
}

const WORD = /^(\d*)<<(-?)\s*([^<]*)$/

/** The heredoc that a word opens, if it does. */
export function heredocOf(word: string, offset = 0): Opening | undefined {
  const [, fd = '', dash = '', rest = ''] = WORD.exec(word) ?? []
  if (rest === '') return undefined
  const [name, ...others] = processWords(rest, new Map(), { keepUnset: true })
  if (name === undefined || others.length > 0) return undefined
  return { name, fd: Number(fd || 0), chomp: dash === '-', expand: !/['"]/.test(rest), offset }
}

/** All that a line opens, in order. */
export function heredocsIn(line: string): Opening[] {
  const words = processWords(line, new Map(), { keepUnset: true, keepQuotes: true })
  let from = 0
  const found = words.map(word => {
    const at = line.indexOf(word, from)
    if (at >= 0) from = at + word.length
    return heredocOf(word, Math.max(at, 0))
  })
  return found.filter(opening => opening !== undefined)
}
