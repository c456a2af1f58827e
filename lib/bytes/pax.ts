import { OciError } from '../errors.ts'

/** PAX records, keys and values as latin1: one character a byte. */
export type PaxRecords = Record<string, string>

/** `LENGTH KEY=VALUE\n`, again and again; LENGTH counts itself. pax(1) § Extended Header. Throws `TAR_INVALID`. */
export function parsePax(buffer: Buffer): PaxRecords {
  const records: PaxRecords = Object.create(null)
  for (let start = 0; start < buffer.length; ) {
    const space = buffer.indexOf(' ', start)
    const length = buffer.toString('latin1', start, space)
    const end = start + Number(length)
    const equals = buffer.indexOf('=', space)
    const sound = /^\d+$/.test(length) && end <= buffer.length && buffer[end - 1] === 10
    if (!sound || equals < 0 || equals >= end)
      throw new OciError('TAR_INVALID', `PAX record at byte ${start}: malformed`, { got: start })
    const key = buffer.toString('latin1', space + 1, equals)
    const value = buffer.toString('latin1', equals + 1, end - 1)
    if (key === 'size' && !/^\d*$/.test(value))
      throw new OciError('TAR_INVALID', `PAX size is no number (${value})`, { got: value })
    records[key] = value
    start = end
  }
  return records
}
