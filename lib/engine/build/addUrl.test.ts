// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Dockerfiles
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesOf, collect } from '../../bytes/collect.ts'
import { readTar } from '../../bytes/readTar.ts'
import { digestOf } from '../../spec/digest.ts'
import { testFolder } from '../../transport/testImages.ts'
import { build } from './build.ts'

const CONTENT = Buffer.from('fetched')
const RIGHT = digestOf(CONTENT)
const WRONG = digestOf(Buffer.from('something else'))

const store = `${testFolder()}/store`
let server: Server
beforeAll(async () => {
  server = createServer((request, response) => {
    response.statusCode = request.url === '/d/file' ? 200 : 404
    response.setHeader('Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT')
    response.end(CONTENT)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => server.close())

function built(add: string) {
  const { port } = server.address() as AddressInfo
  const dockerfile = `FROM scratch\nARG SUM=${RIGHT}\nADD ${add.replaceAll('URL', `http://127.0.0.1:${port}`)}`
  return build('-', { store, stdin: bytesOf(Buffer.from(dockerfile)), noCache: true })
}

describe('ADD of a URL', () => {
  it.each([
    ['URL/d/file /', 'file'],
    ['URL/d/file /x/', 'x/,x/file'],
    [`--checksum=${RIGHT} URL/d/file /other`, 'other'],
    ['--checksum=${SUM} URL/d/file /', 'file'],
  ])('%s', async (add, want) => {
    const { image } = await built(add)
    const names: string[] = []
    for await (const { path, type, mode, mtime, body } of readTar(image.layers[0]!.uncompressed(), 'layer')) {
      names.push(String(path))
      if (type !== 'file') continue
      expect([mode, mtime.seconds, Buffer.from(await collect(body))]).toEqual([0o600, 784111777, CONTENT])
    }
    expect(names.join()).toBe(want)
  })

  it.each([
    [`--checksum=${WRONG} URL/d/file /`, `digest mismatch (want ${WRONG}, got ${RIGHT})`],
    [`--checksum=${RIGHT} file /`, 'ADD failed: file: --checksum is only for what comes from a URL'],
    [`--checksum=${RIGHT} URL/d/file URL/e /x/`, '--checksum is for one source'],
    ['--checksum=md5:0 URL/d/file /', 'stdin:3:5: dockerfile parse error on line 3: --checksum=md5:0: want sha256:'],
    ['URL/nope /', 'the server answers 404'],
  ])('%s', (add, message) => expect(built(add)).rejects.toThrow(message))
})
