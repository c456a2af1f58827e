import type { Bytes } from './bytes.ts'

/** The same chunks; while one is used, the next is made. Whoever lends them needs memory for one more. */
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
