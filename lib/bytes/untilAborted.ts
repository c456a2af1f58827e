import type { Bytes } from './bytes.ts'

/** The same bytes, from a source that always has more to say. Throws the signal's reason at the next chunk. */
export async function* whileWanted(bytes: Bytes, signal: AbortSignal | undefined): Bytes {
  for await (const chunk of bytes) {
    signal?.throwIfAborted()
    yield chunk
  }
}

/** The same bytes, from a source that may be silent for ever: a pipe, say. Throws the signal's reason as soon as there is one. */
export async function* untilAborted(bytes: Bytes, signal: AbortSignal | undefined): Bytes {
  const chunks = bytes[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = chunks.next()
      const { done, value } = await (signal ? unlessAborted(next, signal) : next)
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

/** Not a race against one promise for all of a stream: whatever loses a race stays with it, and so every chunk would stay. */
function unlessAborted<T>(next: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    next.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
