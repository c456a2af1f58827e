import type { Bytes } from './bytes.ts'

// Of lent chunks the reader has two: one is good until the next but one is asked for.
const IN_USE = 2

/** Room after room of one size, for chunks that are lent while so many more are made ahead. */
export function takingTurns(size: number, ahead: number): () => Buffer {
  const turns = ahead + IN_USE
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
