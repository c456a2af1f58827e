import { RuntimeError } from '../../errors.ts'

/** A flag: a switch, one value, many values, or another name of a flag: `'=bundle'`. */
export type FlagKind = 'switch' | 'value' | 'values' | `=${string}`
export type FlagTable = Readonly<Record<string, FlagKind>>

/** What was given, by the flags' long names. */
export type Flags = Readonly<Record<string, string | string[] | true | undefined>>

/**
 * Reads flags as Go programs do: `-flag` and `--flag` are one, a value may follow `=`, and the first word that is no flag
 * ends them: what follows belongs to the container's program. Where there is none, flags may follow: `mixed`.
 * Throws `ARGUMENT_INVALID`.
 */
export function parseFlags(
  table: FlagTable,
  argv: readonly string[],
  where: string,
  { mixed = false } = {},
): { flags: Flags; rest: string[] } {
  const operands: string[] = []
  const flags: Record<string, string | string[] | true> = {}
  let at = 0
  for (; at < argv.length; at++) {
    const word = argv[at]!
    if (word === '--') return { flags, rest: [...operands, ...argv.slice(at + 1)] }
    if (!word.startsWith('-') || word === '-') {
      if (!mixed) break
      operands.push(word)
      continue
    }
    const [, given = '', inline] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? []
    const { name, kind } = lookUp(table, given, where)
    if (kind === 'switch') {
      if (inline === undefined || inline === 'true') flags[name] = true
      else if (inline === 'false') delete flags[name]
      else throw invalid(where, `invalid boolean value ${JSON.stringify(inline)} for -${given}`)
      continue
    }
    const value = inline ?? argv[++at]
    if (value === undefined) throw invalid(where, `flag needs an argument: -${given}`)
    flags[name] = kind === 'values' ? [...((flags[name] as string[] | undefined) ?? []), value] : value
  }
  return { flags, rest: [...operands, ...argv.slice(at)] }
}

function lookUp(table: FlagTable, given: string, where: string): { name: string; kind: FlagKind } {
  const kind = Object.hasOwn(table, given) ? table[given] : undefined
  if (kind === undefined) throw invalid(where, `flag provided but not defined: -${given}`)
  return kind.startsWith('=') ? lookUp(table, kind.slice(1), where) : { name: given, kind }
}

function invalid(where: string, message: string): RuntimeError {
  return new RuntimeError('ARGUMENT_INVALID', message, { where })
}

/** The one value of a flag. */
export function oneOf(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

/** All values of a flag that may be given more than once. */
export function manyOf(flags: Flags, name: string): string[] {
  const value = flags[name]
  return Array.isArray(value) ? value : []
}

/** A whole number. Throws `ARGUMENT_INVALID`. */
export function numberOf(flags: Flags, name: string): number | undefined {
  const value = oneOf(flags, name)
  if (value === undefined) return undefined
  if (/^-?\d+$/.test(value)) return Number(value)
  throw invalid(name, `invalid value ${JSON.stringify(value)} for flag -${name}: want a whole number`)
}
