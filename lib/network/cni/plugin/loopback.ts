import { withNetlink } from '../../client.ts'
import { writeLinkChangeRequest } from '../../link.ts'
import { isNetns } from '../../netns.ts'
import { applyPlan } from '../../plan.ts'
import { topology } from '../../topology.ts'
import { cniError } from '../error.ts'
import type { Plugin } from './main.ts'

const LO = '127.0.0.1/8'

/** Switches a container's loopback on. Whatever name was asked for: there is only one. */
export const loopback: Plugin = {
  async add({ netns, prevResult }) {
    await applyPlan([{ change: 'setUp', link: 'lo', netns }])
    if (prevResult) return prevResult
    const [, inside] = await topology([netns])
    const six = inside?.addresses.some(({ link, address }) => link === 'lo' && address === '::1/128')
    return {
      interfaces: [{ name: 'lo', mac: '00:00:00:00:00:00', sandbox: netns }],
      ips: [{ interface: 0, address: LO }, ...(six ? [{ interface: 0, address: '::1/128' }] : [])],
      dns: {},
    }
  },
  async del({ netns }) {
    if (!isNetns(netns)) return
    const request = writeLinkChangeRequest('lo', { up: false })
    await withNetlink(netns, netlink => netlink.request(request, 'ip link set lo down'))
  },
  async check({ netns }) {
    const [, inside] = await topology([netns])
    if (!inside?.links.find(({ name }) => name === 'lo')?.up) throw cniError(999, 'lo is down')
  },
  async status() {},
  async gc() {},
}
