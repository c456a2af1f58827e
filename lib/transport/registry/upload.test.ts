import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import type { Bytes } from '../../bytes/bytes.ts'
import { hashing } from '../../bytes/hashing.ts'
import { expectAllHeard } from '../../bytes/testUnheard.ts'
import { digestOf } from '../../spec/digest.ts'
import type { HttpRequest } from './http/message.ts'
import type { Session } from './session.ts'
import { sendBlob } from './upload.ts'

vi.mock('../../bytes/hashing.ts')

const CONTENT = Buffer.from('content')
const KNOWN = { digest: digestOf(CONTENT), size: CONTENT.length }
const UPLOAD = { location: 'http://registry/upload', offset: 0, leastChunk: 0 }

/** A registry that does this with a body. */
function sessionThat(takes: (body: Bytes) => Promise<void>): Session {
  const callUrl = async (_url: string, { method, body }: HttpRequest) => {
    if (method === 'PUT') await takes(body as Bytes)
    return { status: 201, body: { dump: async () => {} }, header: () => undefined }
  }
  return { host: 'registry', name: 'a', callUrl, expect: async () => {} } as unknown as Session
}

const hashedBy = (update: () => Promise<void>) =>
  vi.mocked(hashing).mockReturnValue({ update, digest: () => KNOWN.digest })

it('a chunk is not given back while it is hashed, also when the registry wants no more', async () => {
  let isHashed = false
  hashedBy(async () => {
    await sleep(20)
    isHashed = true
  })
  let whenGivenBack: boolean | undefined
  async function* lent(): Bytes {
    try {
      yield CONTENT
    } finally {
      whenGivenBack = isHashed
    }
  }
  const session = sessionThat(async body => {
    for await (const _ of body) break
    throw new Error('heard enough')
  })
  await expect(sendBlob(session, lent(), KNOWN, {}, UPLOAD)).rejects.toThrow('heard enough')
  expect(whenGivenBack).toBe(true)
})

it('what goes wrong with a hash while its chunk is on its way is heard once', () =>
  expectAllHeard(async () => {
    hashedBy(async () => {
      throw new Error('no memory')
    })
    async function* bytes(): Bytes {
      yield CONTENT
    }
    const session = sessionThat(async body => {
      for await (const _ of body) await sleep(20)
    })
    await expect(sendBlob(session, bytes(), KNOWN, {}, UPLOAD)).rejects.toThrow('no memory')
  }))
