import { parseDuration } from './duration.ts'
import { LineError } from './error.ts'
import type { Flags } from './flags.ts'
import type { Health } from './instruction.ts'
import { parseJsonWords } from './jsonWords.ts'

const SHORTEST = 1e6

/** `HEALTHCHECK NONE`, or `HEALTHCHECK [options] CMD …`. Throws {@link LineError}. */
export function parseHealthcheck(rest: string, flags: Flags): Health {
  const [, word = '', after = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? []
  const type = word.toUpperCase()
  if (type === '') throw new LineError('HEALTHCHECK requires at least one argument')
  if (type === 'NONE') {
    if (after !== '') throw new LineError('HEALTHCHECK NONE takes no arguments')
    return { Test: ['NONE'] }
  }
  const times = {
    Interval: interval(flags, 'interval'),
    Timeout: interval(flags, 'timeout'),
    StartPeriod: interval(flags, 'start-period'),
    StartInterval: interval(flags, 'start-interval'),
    Retries: retries(flags.text('retries')),
  }
  if (type !== 'CMD') throw new LineError(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`)
  const words = parseJsonWords(after)
  if (after === '' || words?.length === 0) throw new LineError('Missing command after HEALTHCHECK CMD')
  const told = Object.entries(times).filter(([, value]) => value !== undefined && value !== 0)
  return { Test: words ? ['CMD', ...words] : ['CMD-SHELL', after], ...Object.fromEntries(told) }
}

function interval(flags: Flags, name: string): number | undefined {
  const text = flags.text(name)
  if (text === undefined || text === '') return undefined
  const duration = parseDuration(text)
  if (duration !== 0 && duration < SHORTEST)
    throw new LineError(`Interval ${JSON.stringify(name)} cannot be less than 1ms`)
  return duration
}

function retries(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  if (!/^[+-]?\d+$/.test(text)) throw new LineError(`--retries: want a number, got ${JSON.stringify(text)}`)
  if (Number(text) < 0) throw new LineError(`--retries cannot be negative (${Number(text)})`)
  return Number(text)
}
