import { LineError } from './error.ts'

/** `--name=value` before an instruction's arguments. */
export interface Flag {
  readonly name: string
  /** Nothing for a bare `--name`. */
  readonly value: string | undefined
  readonly offset: number
}

export interface SplitLine {
  readonly keyword: string
  readonly flags: readonly Flag[]
  /** All after the flags, without the blanks around it. */
  readonly rest: string
  /** Where `rest` begins. */
  readonly offset: number
}

/** Takes an instruction apart: keyword, flags, and the rest, which each instruction reads in its own way. */
export function splitLine(text: string, escapeToken: string): SplitLine {
  const [, before = '', keyword = '', after = ''] = /^(\s*)(\S+)([\s\S]*)$/.exec(text) ?? []
  const flags: Flag[] = []
  let at = before.length + keyword.length
  const body = text.slice(0, at) + after
  for (;;) {
    while (/\s/.test(body[at] ?? '')) at++
    if (!body.startsWith('--', at)) break
    const { word, next } = readFlag(body, at, escapeToken)
    if (word === '--') {
      at = next
      break
    }
    const equals = word.indexOf('=')
    const name = word.slice(2, equals < 0 ? undefined : equals)
    flags.push({ name, value: equals < 0 ? undefined : word.slice(equals + 1), offset: at })
    at = next
  }
  const rest = body.slice(at)
  return { keyword, flags, rest: rest.trim(), offset: at + (rest.length - rest.trimStart().length) }
}

/** A flag's word without its quotes and escapes. */
function readFlag(body: string, from: number, escapeToken: string): { word: string; next: number } {
  let word = ''
  let quote = ''
  let at = from
  for (; at < body.length; at++) {
    const character = body[at]!
    if (quote === '' && /\s/.test(character)) break
    if (quote === '' && /['"]/.test(character)) quote = character
    else if (character === quote) quote = ''
    else if (character === escapeToken) word += body[++at] ?? ''
    else word += character
  }
  return { word, next: at }
}

/** Splits at spaces that are neither quoted nor escaped; quotes and escapes stay, for later. */
export function splitWords(rest: string, escapeToken: string): string[] {
  const words: string[] = []
  let word = ''
  let quote = ''
  for (let at = 0; at < rest.length; at++) {
    const character = rest[at]!
    if (quote === '' && /\s/.test(character)) {
      if (word !== '') words.push(word)
      word = ''
    } else if (character === escapeToken && quote !== "'") {
      // An escape at the very end escapes nothing, and goes.
      if (at + 1 < rest.length) word += character + rest[++at]!
    } else {
      if (character === quote) quote = ''
      else if (quote === '' && /['"]/.test(character)) quote = character
      word += character
    }
  }
  return word === '' ? words : [...words, word]
}

/** Splits at blanks, whatever is quoted. */
export function blankSeparated(rest: string): string[] {
  return rest === '' ? [] : rest.split(/[\t\v\f\r ]+/)
}

/** `a=1 b="2 3"`, or the old form with one name: `a 1`. */
export function nameValues({ keyword, rest, offset }: SplitLine, escapeToken: string): [string, string][] {
  const words = splitWords(rest, escapeToken)
  if (words.length === 0) throw new LineError(`${keyword} requires at least one argument`)
  if (!words[0]!.includes('=')) {
    const [, name, value] = /^(\S+?)[\t\v\f\r ]+([\s\S]*)$/.exec(rest) ?? []
    if (name === undefined || value === undefined) throw new LineError(`${keyword} must have two arguments`)
    return [[name, value]]
  }
  return words.map(word => {
    const equals = word.indexOf('=')
    if (equals < 0)
      throw new LineError(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
        offset + rest.indexOf(word),
      )
    if (equals === 0) throw new LineError(`${keyword} names can not be blank`, offset + rest.indexOf(word))
    return [word.slice(0, equals), word.slice(equals + 1)]
  })
}
