import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOciError } from '../errors.ts'
import {
  attribute,
  concat,
  parseAttributes,
  parseMessages,
  readText,
  readU32,
  text,
  u32,
  writeMessage,
} from './message.ts'

const bytes = fc.uint8Array({ maxLength: 40 })

describe('netlink messages', () => {
  it('round-trip, several in one buffer', () =>
    fc.assert(
      fc.property(
        fc.array(fc.record({ type: fc.nat(0xffff), flags: fc.nat(0xffff), sequence: fc.nat(), body: bytes })),
        messages => {
          const read = parseMessages(concat(...messages.map(writeMessage)))
          expect(read.map(message => ({ ...message, body: [...message.body] }))).toEqual(
            messages.map(message => ({ ...message, body: [...message.body] })),
          )
        },
      ),
    ))

  it('attributes too', () => {
    const read = parseAttributes(concat(text(3, 'runc0'), u32(10, 7), attribute(1, Buffer.from([1, 2, 3]))))
    expect([readText(read.get(3)), readU32(read.get(10)), [...read.get(1)!]]).toEqual(['runc0', 7, [1, 2, 3]])
  })

  it('a length that would wrap round is refused', () =>
    expect(() => attribute(1, Buffer.alloc(70_000))).toThrow(expect.objectContaining({ code: 'TOO_LARGE' })))

  it('nonsense throws nothing but our error', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), nonsense => {
        for (const parse of [parseMessages, parseAttributes])
          try {
            parse(nonsense)
          } catch (error) {
            if (!isOciError(error)) throw error
          }
      }),
    ))
})
