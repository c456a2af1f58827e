import { LineError } from './error.ts'

const NANOSECONDS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

/** `1m30s` in nanoseconds, as Go's time.ParseDuration reads it. Throws {@link LineError}. */
export function parseDuration(text: string): number {
  const [, sign, body = ''] = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h)|0)+$/.exec(text)
    ? [text, text[0] === '-' ? '-' : '', text.replace(/^[+-]/, '')]
    : []
  if (body === '') throw new LineError(`time: invalid duration ${JSON.stringify(text)}`)
  const parts = body.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)
  const total = [...parts].reduce((sum, [, number, unit]) => sum + Number(number) * NANOSECONDS[unit!]!, 0)
  return sign === '-' ? -total : total
}

/** As Go prints a duration: `1m30s`, `500ms`, `0s`. */
export function showDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s'
  if (nanoseconds < 1e3) return `${nanoseconds}ns`
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`
  const seconds = nanoseconds / 1e9
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  if (h > 0) return `${h}h${m}m${s}s`
  return m > 0 ? `${m}m${s}s` : `${s}s`
}
