import type { Bytes } from './bytes.ts'

/** The same bytes, from a source that may be silent for ever: a pipe, say. Throws the signal's reason as soon as there is one. */
export async function* untilAborted(bytes: Bytes, signal: AbortSignal | undefined): Bytes {
  const chunks = bytes[Symbol.asyncIterator]()
  const aborted = new Promise<never>((_resolve, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  aborted.catch(() => undefined)
  try {
    for (;;) {
      const next = chunks.next()
      next.catch(() => undefined)
      const { done, value } = await Promise.race([next, aborted])
      if (done) return
      yield value
    }
  } finally {
    // One that is silent would not hear it.
    const closed = chunks.return?.()
    closed?.catch(() => undefined)
    if (!signal?.aborted) await closed
  }
}
