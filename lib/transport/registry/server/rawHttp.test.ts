import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { digestOf } from '../../../spec/digest.ts'
import { media, testRegistry } from './testRegistry.ts'

// What no HTTP client would send, byte by byte.

describe.each(media)('a registry in %s', medium => {
  const test = testRegistry(medium, { blobLimit: 1 << 20 })
  const { call, push, pushImage } = test
  beforeAll(() => pushImage('a', 'v0'))

  const open = async () => {
    const socket = connect(Number(new URL(test.registry.url).port), '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  /** Sends text, and gives all that comes back until the server hangs up or `enough` is there. */
  const talk = async (text: string, enough = /\r\n\r\n/) => {
    const socket = await open()
    socket.write(text)
    return heard(socket, enough)
  }
  const statuses = (answer: string) => [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))

  it('takes HTTP/1.0 and an address in absolute form', async () => {
    expect(statuses(await talk('GET /v2/ HTTP/1.0\r\n\r\n'))).toEqual([200])
    expect(statuses(await talk('GET http://elsewhere/v2/a/tags/list HTTP/1.1\r\nHost: x\r\n\r\n'))).toEqual([200])
  })

  it.each<[string, string, number]>([
    [
      'both lengths',
      'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n',
      400,
    ],
    [
      'two lengths',
      'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
      400,
    ],
    [
      'an odd encoding',
      'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\nabcd',
      400,
    ],
    [
      'a bad chunk',
      'POST /v2/a/blobs/uploads/?digest=sha256:x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
    ],
    ['20 KB of headers', `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['no host', 'GET /v2/ HTTP/1.1\r\n\r\n', 400],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a path that is none', 'GET \\v2 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ])('refuses %s, once', async (_name, text, status) => {
    expect(statuses(await talk(text, /never/))).toEqual([status])
    expect((await call('GET', '/v2/a/tags/list')).status).toBe(200)
  })

  it('hangs up on who sends 100 KB of headers', async () => {
    // Whether the answer gets through depends on how much of it the server had read.
    const answer = await talk(`GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, /never/)
    expect([[], [431]]).toContainEqual(statuses(answer))
    expect((await call('GET', '/v2/a/tags/list')).status).toBe(200)
  })

  it('says to go on, to who asks first', async () => {
    const digest = digestOf('hello')
    const socket = await open()
    socket.write(
      `POST /v2/a/blobs/uploads/?digest=${digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`,
    )
    expect(await heard(socket, /\r\n\r\n/, false)).toMatch(/^HTTP\/1.1 100 /)
    socket.write('hello')
    expect(statuses(await heard(socket, /\r\n\r\n/))).toEqual([201])
  })

  it('a body that breaks off is no blob, and the upload can go on', async () => {
    const digest = digestOf('hello world')
    const upload = (await call('POST', '/v2/a/blobs/uploads/')).headers.get('location')!
    const socket = await open()
    socket.write(`PUT ${upload}?digest=${digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhello`)
    await expect.poll(async () => (await call('GET', upload)).status).toBe(204)
    socket.destroy()
    await expect.poll(async () => (await call('GET', upload)).headers.get('range')).toBe('0-4')
    expect((await call('HEAD', `/v2/a/blobs/${digest}`)).status).toBe(404)
    expect((await call('PATCH', upload, ' world', { 'content-range': '5-10' })).status).toBe(202)
    expect((await call('PUT', `${upload}?digest=${digest}`)).status).toBe(201)
  })

  it('a body without end is stopped, and its upload is gone', async () => {
    const upload = (await call('POST', '/v2/a/blobs/uploads/')).headers.get('location')!
    const socket = await open()
    socket.on('error', () => undefined)
    socket.write(`PATCH ${upload} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const flood = async () => {
      while (!socket.destroyed)
        if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
    }
    const flooding = flood()
    expect(statuses(await heard(socket, /\r\n\r\n/))).toEqual([413])
    await flooding
    expect((await call('GET', upload)).status).toBe(404)
  })

  it('a request that is refused is answered although its body has not come', async () => {
    const answer = await talk('PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n{')
    expect(statuses(answer)).toEqual([413])
  })

  it('two hundred who never finish their sentence keep nobody out', async () => {
    const slow = await Promise.all(Array.from({ length: 200 }, open))
    try {
      for (const socket of slow) socket.write('GET /v2/a/tags/list HTTP/1.1\r\nHo')
      const digest = await push('a', 'a normal push')
      expect(await (await call('GET', `/v2/a/blobs/${digest}`)).text()).toBe('a normal push')
    } finally {
      for (const socket of slow) socket.destroy()
    }
  })
})

async function heard(socket: Socket, enough: RegExp, end = true): Promise<string> {
  let text = ''
  const ended = new Promise(resolve => socket.once('close', resolve))
  socket.on('error', () => undefined)
  await Promise.race([
    ended,
    new Promise<void>(resolve =>
      socket.on('data', chunk => {
        text += chunk.toString('latin1')
        if (enough.test(text)) resolve()
      }),
    ),
  ])
  if (end) socket.destroy()
  else socket.removeAllListeners('data')
  return text
}
