import { Command, InvalidArgumentError } from 'commander'
import { startRegistry } from '../transport/registry/server/server.ts'
import { session } from './session.ts'

interface ServeFlags {
  port: number
  root?: string
  user?: string[]
}

export function command(): Command {
  const serve = new Command('serve')
    .description('Serves a registry on the loopback address until it is interrupted.')
    .option('--port <port>', 'the port (a free one by default)', port, 0)
    .option('--root <folder>', 'where blobs are kept (a temporary folder by default)')
    .option('--user <name:password...>', 'ask for tokens, and let these users have them')
    .action((flags: ServeFlags) =>
      session({ quiet: true }, async ({ signal }) => {
        const registry = await startRegistry({ port: flags.port, root: flags.root, users: users(flags.user) })
        process.stdout.write(`${registry.url}\n`)
        await new Promise<void>(resolve => signal?.addEventListener('abort', () => resolve(), { once: true }))
        await registry.close()
      }),
    )
  return new Command().description('A small registry on this machine.').addCommand(serve)
}

function users(list: string[] | undefined): Record<string, string> | undefined {
  return list && Object.fromEntries(list.map(entry => [entry.split(':')[0]!, entry.slice(entry.indexOf(':') + 1)]))
}

function port(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0 || number > 65535) throw new InvalidArgumentError('want 0 to 65535.')
  return number
}
