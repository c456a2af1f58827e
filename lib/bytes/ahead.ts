import type { Bytes } from './bytes.ts'

// Of lent chunks one is made ahead while its reader has two: that one, and the one before.
const TURNS = 3

/** Room after room of one size, for who lends what {@link oneAhead} passes on: each is good until the next but one is asked for. */
export function takingTurns(size: number, turns = TURNS): () => Buffer {
  const ring: Buffer[] = []
  let turn = 0
  return () => {
    const place = turn++ % turns
    ring[place] ??= Buffer.allocUnsafeSlow(size)
    return ring[place]
  }
}

/** The same chunks; while one is used, the next is made. */
export async function* oneAhead(chunks: AsyncGenerator<Uint8Array>): Bytes {
  let ahead = chunks.next()
  try {
    for (;;) {
      const { done, value } = await ahead
      if (done) return
      ahead = chunks.next()
      // Whoever asks for it gets the error; nobody may.
      ahead.catch(() => undefined)
      yield value
    }
  } finally {
    await chunks.return(undefined)
  }
}
