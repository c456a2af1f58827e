import { type Command, InvalidArgumentError } from 'commander'
import { createNamedNetwork, listNetworks, removeNamedNetwork } from '../engine/run/networks.ts'
import { homeOf } from '../engine/run/store.ts'
import { type HomeFlags, homeCommand, journaled } from './home.ts'
import { report } from './report.ts'
import { print } from './session.ts'

interface CreateFlags extends HomeFlags {
  subnet?: string
  ipv6?: boolean | string
  mtu?: number
}

/** ≙ docker network create */
export function createCommand(): Command {
  return homeCommand('make a network for containers, beside the lab’s own')
    .name('create')
    .argument('<name>')
    .option('--subnet <network>', 'such as 10.99.0.0/24')
    .option('--ipv6 [network]', 'IPv6, too: with a network of its own, or this one')
    .option('--mtu <bytes>', 'the longest packet', bytes)
    .action((name: string, { subnet, ipv6, mtu, ...flags }: CreateFlags) =>
      journaled(flags, async (home, options) => {
        await createNamedNetwork(home, name, { subnet, ipv6, mtu }, options)
        process.stdout.write(`${name}\n`)
      }),
    )
}

/** ≙ docker network ls */
export function listCommand(): Command {
  return homeCommand('list the networks of a lab')
    .name('ls')
    .option('--json', 'as JSON')
    .action((flags: HomeFlags & { json?: boolean }) => {
      const networks = listNetworks(homeOf(flags.id, flags.root))
      print(flags, networks, () =>
        networks.map(({ name, names }) =>
          `${name.padEnd(20)} ${names.bridge.padEnd(15)} ${names.subnet} ${names.subnet6 ?? ''}`.trimEnd(),
        ),
      )
    })
}

/** ≙ docker network rm: what fails is told, and the others are done */
export function removeCommand(): Command {
  return homeCommand('remove networks that no container has')
    .name('rm')
    .argument('<names...>')
    .action((names: string[], flags: HomeFlags) =>
      journaled(flags, async (home, options) => {
        for (const name of names)
          try {
            await removeNamedNetwork(home, name, options)
            process.stdout.write(`${name}\n`)
          } catch (error) {
            report(error)
            process.exitCode = 1
          }
      }),
    )
}

function bytes(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('want a number of bytes.')
  return Number(text)
}
