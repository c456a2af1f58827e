import { constants } from 'node:os'
import { OciError } from '../../errors.ts'

const LARGEST = 64

/** Throws `ARGUMENT_INVALID` for what is neither a signal's name, with or without SIG, nor its number. */
export function checkSignal(signal: string): void {
  const name = signal.toUpperCase().replace(/^SIG/, '')
  if (/^\d+$/.test(signal) && Number(signal) > 0 && Number(signal) <= LARGEST) return
  if (/^RT(MIN(\+\d+)?|MAX(-\d+)?)$/.test(name) || `SIG${name}` in constants.signals) return
  throw new OciError('ARGUMENT_INVALID', `Invalid signal: ${signal}`, { got: signal })
}
