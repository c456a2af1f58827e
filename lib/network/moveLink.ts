import { closeSync, openSync } from 'node:fs'
import { KernelError } from '../errors.ts'
import { type Address, parseAddress, writeAddressAddRequest, writeAddressesRequest } from './address.ts'
import { parseCidr } from './cidr.ts'
import { withNetlink } from './client.ts'
import { type Link, parseLink, writeLinkChangeRequest, writeLinkRequest, writeLinksRequest } from './link.ts'
import { SCOPE } from './numbers.ts'

/**
 * Moves a link to another network namespace, under another name if there is one, with its lasting addresses, and up.
 * Moving takes the addresses from a link, so they are given to it again. ≙ `ip link set NAME netns …`, `ip addr add`, `ip link set up`
 * Throws `KERNEL` where there is no such link, or one of that name is there already. config-linux.md § Network Devices
 */
export async function moveLink(name: string, newName: string, netns: string): Promise<void> {
  const what = `ip link set ${name} netns ${netns}`
  const addresses = await withNetlink(undefined, async netlink => {
    const [body] = await netlink.request(writeLinkRequest(name), what)
    if (!body) throw new KernelError('KERNEL', `${what}: no such link`, { where: name })
    const { index } = parseLink(body)
    const all = (await netlink.request(writeAddressesRequest(), what)).map(parseAddress)
    const fd = openSync(netns, 'r')
    try {
      await netlink.request(writeLinkChangeRequest(index, { netnsFd: fd, name: newName }), what)
    } finally {
      closeSync(fd)
    }
    return all.filter(address => address.linkIndex === index && address.permanent && address.scope === SCOPE.UNIVERSE)
  })
  await settle(netns, newName, addresses)
}

async function settle(netns: string, name: string, addresses: readonly Address[]): Promise<void> {
  await withNetlink(netns, async netlink => {
    const links = (await netlink.request(writeLinksRequest(), 'ip link show')).map(parseLink)
    const link = links.filter(link => matches(link, name)).at(-1)
    if (!link) throw new KernelError('KERNEL', `${name}: not in ${netns} after it was moved there`, { where: name })
    for (const { address } of addresses)
      await netlink.request(
        writeAddressAddRequest(link.index, parseCidr(address, address)),
        `ip addr add ${address} dev ${name}`,
      )
    await netlink.request(writeLinkChangeRequest(link.index, { up: true }), `ip link set ${name} up`)
  })
}

// `eth%d` is a name the kernel completes: the link that came last has it.
function matches(link: Link, name: string): boolean {
  const [before, after] = name.split('%d')
  if (after === undefined) return link.name === name
  return link.name.startsWith(before!) && /^\d+$/.test(link.name.slice(before!.length, link.name.length - after.length))
}
