/** Numbers that look random and are the same each time. mulberry32 */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

// What parsers stumble over: signs, lengths and their neighbours.
const NASTY = [
  '\0',
  '\xff',
  '/',
  '..',
  '-1',
  '99999999999',
  '7777777',
  ':',
  '@',
  '"',
  '[',
  '{',
  '\n',
  'null',
  '\\u0000',
  '.wh.',
  '\x80',
]

/** Bytes with a few changes: bits, pieces cut, doubled or moved, and nasty words. */
export function mutated(bytes: Uint8Array, next: () => number): Buffer {
  let result = Buffer.from(bytes)
  const place = () => Math.floor(next() * (result.length + 1))
  for (let changes = 1 + Math.floor(next() * 4); changes > 0; changes--) {
    const at = place()
    const length = Math.floor(next() ** 4 * 600)
    const [before, piece, after] = [
      result.subarray(0, at),
      result.subarray(at, at + length),
      result.subarray(at + length),
    ]
    const kind = Math.floor(next() * 6)
    if (kind === 0 && result.length > 0) result[Math.min(at, result.length - 1)]! ^= 1 << Math.floor(next() * 8)
    else if (kind === 1) result = Buffer.concat([before, after])
    else if (kind === 2) result = Buffer.concat([before, piece, piece, after])
    else if (kind === 3) result = Buffer.concat([after, before])
    else {
      const word = Buffer.from(NASTY[Math.floor(next() * NASTY.length)]!, 'latin1')
      result = Buffer.concat([before, word, kind === 4 ? result.subarray(at) : result.subarray(at + word.length)])
    }
  }
  return result
}
