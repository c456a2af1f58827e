import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { labNames, type NetworkNames } from '../../network/names.ts'
import { isNetns } from '../../network/netns.ts'
import { applyPlan, commandLine, type NetworkStep, networkPlan, shortPlan, undoPlan } from '../../network/plan.ts'
import { topology } from '../../network/topology.ts'
import { manyContainers } from './networkMany.ts'
import { program, runProgram } from './program.ts'
import type { Suite } from './suite.ts'

/**
 * The article's network, by our own messages to the kernel, and by ip in batch mode: with the article's lines, and with
 * those that leave the same in the shorter way that we go, too. A second process of ip works in the container's namespace.
 */
export const suite: Suite = {
  async open(place) {
    const { folder } = place
    const names = labNames()
    const plan = shortPlan(names)
    const [up, down] = batches(networkPlan(names), names, join(folder, 'article'))
    const [short] = batches(plan, names, join(folder, 'short'))
    const oursDown = () => undoPlan(plan)
    const seen = (andThen: () => unknown) => async () => {
      const shape = await shapeOf(names)
      await andThen()
      return shape
    }
    const ours = 'ocilab, in this program'
    return [
      {
        ...{ name: 'network: up', goal: 0.4, today: 0.5, pairs: 20 },
        ours: { name: ours, run: () => applyPlan(plan), result: seen(oursDown) },
        peers: [
          program('ip -batch, the article’s lines', up, seen(oursDown)),
          program('ip -batch, the short way', short, seen(oursDown)),
        ],
      },
      {
        ...{ name: 'network: down', goal: 1, pairs: 10 },
        ours: { name: ours, prepare: () => applyPlan(plan), run: oursDown, result: () => shapeOf(names) },
        peers: [{ ...program('ip -batch', down, () => shapeOf(names)), prepare: () => runProgram(up) }],
      },
      await manyContainers(place),
    ]
  },
}

/** The article's lines as files for ip: those for the container's namespace are one more batch, inside. */
function batches(plan: readonly NetworkStep[], names: NetworkNames, folder: string): [up: string[], down: string[]] {
  mkdirSync(folder)
  const inside = `ip netns exec ${names.netns} ip `
  const lines = plan.map(step => withoutBrctl(commandLine(step)))
  const [insideFile, upFile, downFile] = ['inside', 'up', 'down'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const guest = lines.filter(line => line.startsWith(inside)).map(line => line.slice(inside.length))
  const host = lines.filter(line => !line.startsWith(inside)).map(line => line.slice('ip '.length))
  writeFileSync(insideFile, guest.map(line => `${line}\n`).join(''))
  writeFileSync(
    upFile,
    [...host, `netns exec ${names.netns} ip -batch ${insideFile}`].map(line => `${line}\n`).join(''),
  )
  writeFileSync(downFile, `link del ${names.bridge}\nlink del ${names.vethHost}\nnetns del ${names.netns}\n`)
  return [
    ['ip', '-batch', upFile],
    ['ip', '-batch', downFile],
  ]
}

function withoutBrctl(line: string): string {
  return line
    .replace(/^brctl addbr (\S+)$/, 'ip link add name $1 type bridge')
    .replace(/^brctl addif (\S+) (\S+)$/, 'ip link set $2 master $1')
}

/** Links, addresses and routes of IPv4 on both sides, without the numbers that are others each time. */
async function shapeOf({ netnsPath }: NetworkNames): Promise<unknown> {
  const places = await topology(isNetns(netnsPath) ? [netnsPath] : [])
  return places.map(({ links, addresses, routes }) => [
    ...links.map(({ name, kind, master, peer }) => `link ${name} ${kind} ${master} ${peer}`),
    ...addresses
      .filter(({ address }) => !address.includes(':'))
      .map(({ link, address }) => `address ${link} ${address}`),
    ...routes
      .filter(({ destination }) => !destination.includes(':'))
      .map(({ link, ...route }) => `route ${link} ${JSON.stringify(route)}`),
  ])
}
