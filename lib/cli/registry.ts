import { Command, InvalidArgumentError, Option } from 'commander'
import type { LabEvent } from '../events.ts'
import { startRegistry } from '../transport/registry/server/server.ts'
import { FolderMedium } from '../transport/registry/server/storage/folderMedium.ts'
import { collectGarbage } from '../transport/registry/server/storage/garbage.ts'
import { Storage } from '../transport/registry/server/storage/storage.ts'
import { parsePort } from './port.ts'
import { print, session } from './session.ts'

interface ServeFlags {
  port: number
  address?: string
  root?: string
  user?: string[]
  htpasswd?: string
  scheme: 'bearer' | 'basic'
  tokenLife?: number
  anonymousPull?: boolean
  upstream?: string
  insecure?: boolean
  tlsCertificate?: string
  tlsKey?: string
  log?: boolean
}

export function command(): Command {
  return new Command().description('A registry on this machine.').addCommand(serve()).addCommand(collect())
}

/** ≙ `registry serve` of CNCF distribution */
function serve(): Command {
  return new Command('serve')
    .description('Serves a registry on the loopback address until it is interrupted.')
    .option('--port <port>', 'the port (a free one by default)', parsePort, 0)
    .option('--address <address>', 'the address to listen on (127.0.0.1 by default)')
    .option('--root <folder>', 'where images are kept, one OCI layout per repository (in memory by default)')
    .option('--user <name:password...>', 'let these users in, and nobody else')
    .option('--htpasswd <file>', 'let the users of this file in (htpasswd -B)')
    .addOption(
      new Option('--scheme <scheme>', 'how they show who they are').choices(['bearer', 'basic']).default('bearer'),
    )
    .option('--token-life <seconds>', 'how long a token is good for', seconds)
    .option('--anonymous-pull', 'let everybody pull')
    .option('--upstream <registry>', 'be a mirror: fetch from this registry what is asked for, and keep it')
    .option('--insecure', 'the upstream may speak plain HTTP, or show any certificate')
    .option('--tls-certificate <file>', 'speak https, with this certificate')
    .option('--tls-key <file>', 'and this key')
    .option('--log', 'write each request to standard error')
    .action((flags: ServeFlags) =>
      session({ quiet: true }, async ({ signal }) => {
        const registry = await startRegistry({
          ...flags,
          users: users(flags.user),
          tls: tls(flags),
          onEvent: flags.log ? writeLog : undefined,
        })
        process.stdout.write(`${registry.url}\n`)
        if (!signal?.aborted)
          await new Promise<void>(resolve => signal?.addEventListener('abort', () => resolve(), { once: true }))
        await registry.close()
      }),
    )
}

/** ≙ `registry garbage-collect` of CNCF distribution */
function collect(): Command {
  return new Command('gc')
    .description('Removes what no manifest needs; a registry may be serving the folder meanwhile.')
    .requiredOption('--root <folder>', 'the folder of the registry')
    .option(
      '--grace <seconds>',
      'keep blobs younger than this: a push brings them before their manifest',
      seconds,
      3600,
    )
    .option('--untagged', 'remove manifests without a tag, too')
    .option('--json', 'print the result as JSON')
    .action(async (flags: { root: string; grace: number; untagged?: boolean; json?: boolean }) => {
      const storage = new Storage(new FolderMedium(flags.root))
      try {
        const garbage = await collectGarbage(storage, flags)
        print(flags, garbage, () => `${garbage.manifests} manifests, ${garbage.blobs} blobs, ${garbage.freed} bytes`)
      } finally {
        await storage.close()
      }
    })
}

function users(list: string[] | undefined): Record<string, string> | undefined {
  return list && Object.fromEntries(list.map(entry => [entry.split(':')[0]!, entry.slice(entry.indexOf(':') + 1)]))
}

function tls({ tlsCertificate, tlsKey }: ServeFlags): { certificate: string; key: string } | undefined {
  if (tlsCertificate === undefined && tlsKey === undefined) return undefined
  if (tlsCertificate === undefined || tlsKey === undefined)
    throw new InvalidArgumentError('--tls-certificate and --tls-key go together.')
  return { certificate: tlsCertificate, key: tlsKey }
}

/** A line a request, as web servers have written them since 1995. */
function writeLog(event: LabEvent): void {
  if (event.type !== 'http' || !event.visit) return
  const { from, user, bytes, milliseconds } = event.visit
  const line = `${from} - ${user || '-'} [${new Date().toISOString()}] "${event.method} ${event.url}" ${event.status} ${bytes}`
  process.stderr.write(`${line} ${milliseconds.toFixed(1)}ms\n`)
}

function seconds(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('want a number of seconds.')
  return number
}
