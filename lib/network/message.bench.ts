import { it } from 'vitest'
import { concat, nested, parseAttributes, parseMessages, text, u32, writeMessage } from './message.ts'

const LINKS = 100

const link = (index: number) => {
  const body = concat(text(3, `veth${index}`), u32(4, 1500), nested(18, text(1, 'veth')))
  return writeMessage({ type: 16, flags: 0, sequence: index, body })
}
const dump = concat(...Array.from({ length: LINKS }, (_, index) => link(index)))

it('the netlink messages of a hundred links', async ({ bench }) => {
  await bench('writeMessage', () => {
    for (let index = 0; index < LINKS; index++) link(index)
  }).run()
  await bench('parseMessages', () => {
    for (const { body } of parseMessages(dump)) parseAttributes(body)
  }).run()
})
