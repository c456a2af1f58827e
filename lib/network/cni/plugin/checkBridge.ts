import { topology } from '../../topology.ts'
import { cniError } from '../error.ts'
import type { Asked } from './request.ts'

/** Looks whether everything that ADD has answered is still so (SPEC.md § CHECK). Throws `CNI_FAILED` with what is not. */
export async function checkBridge(
  { netns, ifName, prevResult }: Asked,
  bridge: string,
  hostLink: string,
): Promise<void> {
  if (!prevResult) throw cniError(7, 'required prevResult missing')
  const [host, inside] = await topology([netns])
  const mine = prevResult.interfaces?.findIndex(({ name, sandbox }) => name === ifName && sandbox === netns) ?? -1
  if (mine === -1) throw cniError(999, `prevResult has no ${ifName} in ${netns}`)
  const place = inside!.links.find(({ name }) => name === ifName)
  if (!place) throw cniError(999, `${ifName} is not in the container any more`)
  if (!place.up) throw cniError(999, `${ifName} is down`)
  const { mac } = prevResult.interfaces![mine]!
  if (mac && mac !== place.mac)
    throw cniError(999, `${ifName} has another hardware address`, `want ${mac}, got ${place.mac}`)
  const socket = host!.links.find(({ name }) => name === hostLink)
  if (host!.links.find(({ name }) => name === bridge)?.kind !== 'bridge')
    throw cniError(999, `bridge ${bridge} is gone`)
  if (socket?.master !== bridge) throw cniError(999, `${hostLink} is not plugged into ${bridge}`)
  if (!socket.up) throw cniError(999, `${hostLink} is down`)
  const has = inside!.addresses.filter(({ link }) => link === ifName).map(({ address }) => address)
  for (const ip of prevResult.ips ?? [])
    if ((ip.interface ?? mine) === mine && !has.includes(ip.address))
      throw cniError(999, `${ifName} has lost an address`, `want ${ip.address}, got ${has.join(', ') || 'none'}`)
  for (const { dst } of prevResult.routes ?? []) {
    const wanted = /^(0\.0\.0\.0|::)\/0$/.test(dst) ? 'default' : dst
    const six = dst.includes(':')
    const isIt = (route: { destination: string; gateway?: string }) =>
      route.destination === wanted && (route.gateway ?? dst).includes(':') === six
    if (!inside!.routes.some(isIt)) throw cniError(999, 'a route is gone', dst)
  }
}
