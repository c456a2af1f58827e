import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newMessage, parseMessage, writeMessage } from './message.ts'

const KEY = 'a key'
const frames = (content: Record<string, unknown> = { code: 'é' }) =>
  writeMessage(newMessage('execute_request', content, { session: 's', identities: [Buffer.from('who')] }), KEY)

describe('a message', () => {
  it('is read as it was written', () =>
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.uint8Array()), (content, identities) => {
        // What JSON cannot hold (-0) is not ours to keep.
        const sent = newMessage('x', JSON.parse(JSON.stringify(content)), { session: 's', identities })
        const read = parseMessage(writeMessage(sent, KEY), KEY)
        expect(read.content).toEqual(sent.content)
        expect(read.identities.map(frame => [...frame])).toEqual(identities.map(frame => [...frame]))
        expect(read.header).toEqual(sent.header)
      }),
    ))

  it('of another key, or changed on its way, is none', () => {
    expect(() => parseMessage(frames(), 'another')).toThrow('its signature')
    const changed = frames()
    changed[changed.length - 1] = Buffer.from('{"code":"rm -rf"}')
    expect(() => parseMessage(changed, KEY)).toThrow('its signature')
  })

  it('that is cut off is none', () => {
    for (let length = 0; length < frames().length; length++)
      expect(() => parseMessage(frames().slice(0, length), KEY)).toThrow('incomplete')
  })
})
