import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Netlink, openNetlink } from './client.ts'
import {
  parseLink,
  writeBridgeAddRequest,
  writeLinkChangeRequest,
  writeLinkRequest,
  writeLinksRequest,
} from './link.ts'
import { newNetns, type OpenNetns } from './netns.ts'

let host: OpenNetns
let netlink: Netlink
beforeEach(async () => {
  host = await newNetns()
  netlink = await openNetlink(host.path)
})
afterEach(() => {
  netlink.close()
  host.close()
})

const links = async () => (await netlink.request(writeLinksRequest(), 'links')).map(parseLink).map(({ name }) => name)
const bridge = (name: string) => ({ request: writeBridgeAddRequest(name), what: `add ${name}` })

describe('several requests in one go', () => {
  it('end with the first that is refused: the kernel itself would go on', async () => {
    const answers = await netlink.requests([bridge('a'), bridge('a'), bridge('b')])
    expect(answers.map(({ error }) => error?.data.errno)).toEqual([undefined, 'EEXIST'])
    expect(answers[1]!.error!.message).toMatch(/^add a: /)
    expect(await links()).toEqual(['lo', 'a'])
  })

  it('or are all asked, and each has its own answer', async () => {
    const up = { request: writeLinkChangeRequest('a', { up: true }), what: 'up' }
    const ask = (name: string) => ({ request: writeLinkRequest(name), what: name })
    const answers = await netlink.requests([ask('a'), bridge('a'), up, ask('a')], true)
    expect(answers.map(({ error }) => error?.data.errno)).toEqual(['ENODEV', undefined, undefined, undefined])
    expect(answers[3]!.bodies.map(parseLink)).toMatchObject([{ name: 'a', up: true }])
    expect(await netlink.requests([])).toEqual([])
  })
})
