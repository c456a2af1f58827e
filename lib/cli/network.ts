import { Command } from 'commander'
import { openJournal } from '../lab/journal.ts'
import { labNames, networkNames } from '../network/names.ts'
import { isNetns } from '../network/netns.ts'
import { leaveNetwork } from '../network/network.ts'
import { applyPlan, commandLine, networkPlan, undoPlan } from '../network/plan.ts'
import { topology } from '../network/topology.ts'
import { createCommand, listCommand, removeCommand } from './namedNetworks.ts'
import { print, session } from './session.ts'

interface NetworkFlags {
  id: string
  trace?: boolean
  json?: boolean
}

export function command(): Command {
  return new Command()
    .description("The article's network: a bridge, a veth pair and a network namespace; and networks for `ocilab run`.")
    .addCommand(verb('plan', 'show the commands, and do nothing').action(plan))
    .addCommand(verb('up', 'make the network').option('--trace', 'show each command').action(up))
    .addCommand(verb('show', 'show links, addresses and routes, here and in the namespace').action(show))
    .addCommand(verb('down', 'take the network down').option('--trace', 'show each command').action(down))
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand())
}

function verb(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--id <id>', 'lab id; another than default gives names of its own', 'default')
    .option('--json', 'as JSON')
}

function plan(flags: NetworkFlags): void {
  const steps = networkPlan(labNames(flags.id))
  print(flags, steps, () => steps.map(commandLine))
}

async function up(flags: NetworkFlags): Promise<void> {
  const journal = openJournal(flags.id)
  const names = labNames(flags.id)
  await session(flags, options => applyPlan(networkPlan(names), options), journal.onEvent)
  journal.close()
  print(flags, names, () => `${names.bridge} ${names.bridgeAddress}, netns ${names.netns} ${names.containerAddress}`)
}

async function down(flags: NetworkFlags): Promise<void> {
  const journal = openJournal(flags.id)
  const names = networkNames(flags.id)
  const cable = networkPlan(names).filter(({ change }) => change !== 'addBridge')
  const left = await session(
    flags,
    async options => {
      await undoPlan(cable, options)
      return leaveNetwork(names, options)
    },
    journal.onEvent,
  )
  journal.close()
  if (!left) process.stderr.write(`WARNING: ${names.bridge} stays: others are plugged into it (ocilab ps)\n`)
}

async function show(flags: NetworkFlags): Promise<void> {
  const { netnsPath } = labNames(flags.id)
  const places = await topology(isNetns(netnsPath) ? [netnsPath] : [])
  print(flags, places, () =>
    places.flatMap(({ netns, links, addresses, routes }) => [
      netns ?? 'host',
      ...links.map(
        link => `  link   ${link.name}${link.up ? ' up' : ' down'}${link.master ? ` in ${link.master}` : ''}`,
      ),
      ...addresses.map(({ link, address }) => `  addr   ${link} ${address}`),
      ...routes.map(
        ({ destination, gateway, link }) => `  route  ${destination}${gateway ? ` via ${gateway}` : ''} dev ${link}`,
      ),
    ]),
  )
}
