import { type ErrorCode, OciError } from '../errors.ts'

// Go's encoding/json writes these five characters as escapes, so that JSON may stand inside HTML and JavaScript.
const ESCAPED = /[<>&\u2028\u2029]/g

/** JSON as Go's encoding/json writes it, so that digests over it agree. Key order is kept: writers give it as the Go structs declare it. */
export function goJson(value: unknown, indent?: string): string {
  return JSON.stringify(value, undefined, indent).replace(
    ESCAPED,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Go writes the keys of a map in the order of their bytes. */
export function sortedMap<T>(map: Record<string, T>): Record<string, T> {
  const byBytes = ([a]: [string, T], [b]: [string, T]) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  return Object.fromEntries(Object.entries(map).sort(byBytes))
}

/** JSON without members that are null: that is how Go writes what is not there. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const there = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(there.map(([name, member]) => [name, withoutNulls(member)]))
}

// Go takes a byte order mark for what it is: no JSON.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Nothing that the specs define is deeper than ten. Go's encoding/json stops at 10 000, our own writer's stack before that.
const DEEPEST = 1000

/** Parses JSON that came from outside. Throws `code` for what is no UTF-8, no JSON or nested too deep, `TOO_LARGE` over `limit` bytes (4 MiB). */
export function parseJson(raw: Uint8Array, where: string, code: ErrorCode, limit = 4 << 20): unknown {
  if (raw.length > limit)
    throw new OciError('TOO_LARGE', `${where}: too large (want at most ${limit} bytes, got ${raw.length})`, {
      want: limit,
      got: raw.length,
      where,
    })
  if (depthOf(raw) > DEEPEST)
    throw new OciError(code, `${where}: nested too deep (want at most ${DEEPEST})`, { want: DEEPEST, where })
  try {
    return JSON.parse(strict.decode(raw))
  } catch (error) {
    const got = Buffer.from(raw.subarray(0, 40)).toString('latin1')
    throw new OciError(
      code,
      `${where}: not JSON (got ${JSON.stringify(got)})`,
      { want: 'JSON', got, where },
      { cause: error },
    )
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const OPENING = [0x5b, 0x7b]
const CLOSING = [0x5d, 0x7d]

/** How deep brackets are nested, outside of strings. */
function depthOf(raw: Uint8Array): number {
  if (raw.length <= DEEPEST) return 0
  let [depth, deepest, inString] = [0, 0, false]
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at]!
    if (byte === QUOTE) inString = !inString
    else if (inString) at += byte === BACKSLASH ? 1 : 0
    else if (OPENING.includes(byte)) deepest = Math.max(deepest, ++depth)
    else if (CLOSING.includes(byte)) depth--
  }
  return deepest
}
