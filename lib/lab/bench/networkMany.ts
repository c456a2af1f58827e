import { networkNames } from '../../network/names.ts'
import { newNetns } from '../../network/netns.ts'
import { createNetwork, type Network } from '../../network/network.ts'
import { topology } from '../../network/topology.ts'
import type { Comparison, Contender, Place } from './suite.ts'

const CONTAINERS = 200

/** Two hundred containers plugged in and unplugged: with all of them there each must cost what it does among fifty. */
export async function manyContainers({ defer }: Place): Promise<Comparison> {
  const host = await newNetns()
  const guests = await Promise.all(Array.from({ length: CONTAINERS }, newNetns))
  const network = await createNetwork(networkNames('bench'), { netns: host.path })
  defer(async () => {
    await network.delete()
    for (const netns of [host, ...guests]) netns.close()
  })
  const links = async () => (await topology([], { netns: host.path }))[0]!.links.map(({ name }) => name)
  const atOnce = (count: number): Contender => ({
    name: `${count} at once, ${CONTAINERS / count} times`,
    async run() {
      for (let first = 0; first < CONTAINERS; first += count)
        await plugAndUnplug(
          network,
          guests.slice(first, first + count).map(({ path }) => path),
        )
    },
    result: links,
  })
  return {
    ...{ name: `network: ${CONTAINERS} containers in and out`, goal: 1.2, pairs: 3 },
    ours: atOnce(CONTAINERS),
    peers: [atOnce(CONTAINERS / 2), atOnce(CONTAINERS / 4)],
  }
}

async function plugAndUnplug(network: Network, guests: readonly string[]): Promise<void> {
  const ends = await Promise.all(guests.map(guest => network.attach(guest)))
  await Promise.all(ends.map(end => end.delete()))
}
