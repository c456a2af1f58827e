import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Bytes } from './bytes.ts'
import { collect } from './collect.ts'
import { untilAborted, whileWanted } from './untilAborted.ts'

async function* silentAfter(text: string): Bytes {
  yield Buffer.from(text)
  await new Promise(() => {})
}

it('whileWanted passes bytes on until there is a reason to stop', async () => {
  const stop = new AbortController()
  async function* endless(): Bytes {
    for (;;) yield Buffer.from('a')
  }
  let seen = 0
  const read = (async () => {
    for await (const _chunk of whileWanted(endless(), stop.signal))
      if (++seen === 3) stop.abort(new Error('interrupted'))
  })()
  await expect(read).rejects.toThrow('interrupted')
  expect(seen).toBe(3)
})

describe('untilAborted', () => {
  it('passes bytes on, and errors', async () => {
    async function* failing(): Bytes {
      yield Buffer.from('a')
      throw new Error('input/output error')
    }
    async function* whole(): Bytes {
      yield Buffer.from('a')
      yield Buffer.from('b')
    }
    expect(Buffer.from(await collect(untilAborted(whole(), undefined))).toString()).toBe('ab')
    await expect(collect(untilAborted(failing(), new AbortController().signal))).rejects.toThrow('input/output error')
  })

  it('does not wait for who is silent', async () => {
    const stop = new AbortController()
    const seen: string[] = []
    const read = (async () => {
      for await (const chunk of untilAborted(silentAfter('a'), stop.signal)) {
        seen.push(Buffer.from(chunk).toString())
        stop.abort(new Error('interrupted'))
      }
    })()
    await expect(read).rejects.toThrow('interrupted')
    expect(seen).toEqual(['a'])
    await expect(collect(untilAborted(silentAfter('b'), stop.signal))).rejects.toThrow('interrupted')
  })

  it('closes the source of who reads no more', async () => {
    let isClosed = false
    async function* source(): Bytes {
      try {
        yield Buffer.from('a')
      } finally {
        isClosed = true
      }
    }
    for await (const _ of untilAborted(source(), new AbortController().signal)) break
    expect(isClosed).toBe(true)
  })

  it('keeps no chunk that was read', async () => {
    const { signal } = new AbortController()
    const chunks: WeakRef<Uint8Array>[] = []
    async function* source(): Bytes {
      for (let count = 0; count < 10; count++) {
        const chunk = Buffer.alloc(1000)
        chunks.push(new WeakRef(chunk))
        yield chunk
      }
    }
    for await (const _ of untilAborted(source(), signal));
    setFlagsFromString('--expose-gc')
    // What a job has seen lives until its end.
    await new Promise(resolve => setImmediate(resolve))
    runInNewContext('gc')()
    expect(chunks.slice(0, 5).filter(chunk => chunk.deref())).toEqual([])
    expect(signal.aborted).toBe(false)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
