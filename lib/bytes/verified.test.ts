import { describe, expect, it } from 'vitest'
import { digestOf } from '../spec/digest.ts'
import { bytesOf, collect } from './collect.ts'
import { verified } from './verified.ts'

const digest = digestOf('hello world')
const through = (text: string[], size?: number) => collect(verified(bytesOf(...text), { digest, size }, 'blob'))

describe('verified', () => {
  it('passes on what is right', async () => {
    expect(Buffer.from(await through(['hello ', 'world'], 11)).toString()).toBe('hello world')
    expect((await through(['hello world'])).length).toBe(11)
  })

  it('knows other algorithms', async () => {
    const want = { digest: digestOf('x', 'sha512'), size: 1 }
    expect(await collect(verified(bytesOf('x'), want, 'blob'))).toHaveLength(1)
  })

  it('refuses other bytes', async () => {
    await expect(through(['hello', '_world'], 11)).rejects.toMatchObject({
      code: 'DIGEST_INVALID',
      data: { want: digest, got: digestOf('hello_world') },
    })
  })

  it('refuses too few bytes', async () => {
    await expect(through(['hello'], 11)).rejects.toMatchObject({ code: 'SIZE_INVALID', data: { want: 11, got: 5 } })
  })

  it('stops as soon as there are too many', async () => {
    let read = 0
    async function* endless() {
      for (;;) {
        read++
        yield new Uint8Array(4)
      }
    }
    await expect(collect(verified(endless(), { digest, size: 11 }, 'blob'))).rejects.toMatchObject({
      code: 'SIZE_INVALID',
    })
    expect(read).toBe(3)
  })
})
