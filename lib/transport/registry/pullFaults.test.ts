import { describe, it } from 'vitest'
import type { Fault } from './testFaultyRegistry.ts'
import { BLOB, but, chunked, half, MANIFEST, status, testPulls, withoutLength } from './testPull.ts'

// One bad answer, and then a healthy registry again: the pull goes well.
const { registryWithImage, pull, target, expectWhole } = await testPulls()

describe.concurrent('one bad answer is no bad pull:', () => {
  it.each<[string, RegExp, Fault]>([
    ['429 with Retry-After', BLOB, status(429, { 'retry-after': '0' })],
    ['429 with a date', MANIFEST, status(429, { 'retry-after': new Date(Date.now() + 500).toUTCString() })],
    ['500', BLOB, status(500)],
    ['502', MANIFEST, status(502)],
    ['503 with Retry-After', BLOB, status(503, { 'retry-after': '0' })],
    ['a reset before the answer', BLOB, ({ request }) => request.socket.resetAndDestroy()],
    ['a reset in the middle', BLOB, half(response => response.socket?.resetAndDestroy())],
    ['a body cut short', BLOB, half(response => response.socket?.end())],
    ['a chunked body cut short', BLOB, half(response => response.destroy(), chunked)],
    ['a length too long', BLOB, half(response => response.destroy(), { 'content-length': 10_000_000 })],
    ['a body that stops', BLOB, half(() => {})],
    ['an answer that never comes', BLOB, () => {}],
    ['no length', BLOB, but(({ headers }) => ({ headers: { ...headers, ...chunked } }))],
    ['a length of nothing known', BLOB, but(({ headers }) => ({ headers: withoutLength(headers) }))],
    ['a word of packing', BLOB, but(({ headers }) => ({ headers: { ...headers, 'content-encoding': 'gzip' } }))],
    [
      'another content type',
      MANIFEST,
      but(({ headers }) => ({ headers: { ...headers, 'content-type': 'text/plain' } })),
    ],
  ])('%s', async (_name, on, fault) => {
    const registry = await registryWithImage()
    registry.break(on, fault)
    const to = target()
    await pull(registry, to)
    await expectWhole(to)
  })

  it.each<[string, (start: number) => Record<string, string>, number]>([
    ['ignores the range', () => ({}), 200],
    ['gives another range', start => ({ 'content-range': `bytes ${start + 7}-${start + 9}/999999` }), 206],
    ['gives an earlier range', () => ({ 'content-range': 'bytes 0-204800/204801' }), 206],
    ['gives no range', () => ({}), 206],
  ])('resumed, the registry %s', async (_name, headers, code) => {
    const registry = await registryWithImage()
    registry.break(
      /^GET .*\/blobs\/.*/,
      async it => {
        if (it.count === 0) return half(response => response.socket?.resetAndDestroy())(it)
        const start = Number(/bytes=(\d+)/.exec(it.request.headers.range ?? '')?.[1] ?? 0)
        delete it.request.headers.range
        const { body } = await it.healthy()
        it.response.writeHead(start > 0 ? code : 200, start > 0 ? headers(start) : {}).end(body)
      },
      4,
    )
    const to = target()
    await pull(registry, to)
    await expectWhole(to)
  })
})
