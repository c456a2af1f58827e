import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { OciError } from '../errors.ts'
import { parsePlatform } from '../spec/platform.ts'
import type { TransportOptions } from '../transport/transport.ts'

/** The flags of every verb that opens an image somewhere. */
export interface ImageFlags {
  platform?: string
  creds?: string
  passwordStdin?: boolean
  username?: string
  tlsVerify?: string
  quiet?: boolean
  trace?: boolean
  json?: boolean
}

/** Adds the common flags, named as skopeo names them. */
export function withImageFlags(command: Command): Command {
  return command
    .option('--platform <os/arch[/variant]>', 'which image of an index to take (this machine’s by default)')
    .option('--creds <user:password>', 'log in to the registry so (docker’s config.json by default)')
    .option('-u, --username <user>', 'log in as this user, with --password-stdin')
    .option('--password-stdin', 'read the password from stdin, so that it is in no history')
    .addOption(new Option('--tls-verify <bool>', 'false: accept plain HTTP and any certificate').argParser(bool))
    .option('-q, --quiet', 'no progress')
    .option('--trace', 'show the commands this corresponds to, and every HTTP request')
}

/** What the flags mean to a transport. Throws `ARGUMENT_INVALID`. */
export function transportOptions(flags: ImageFlags): Pick<TransportOptions, 'platform' | 'credentials' | 'insecure'> {
  return {
    platform: flags.platform === undefined ? undefined : parsePlatform(flags.platform),
    credentials: credentials(flags),
    insecure: flags.tlsVerify === 'false',
  }
}

function credentials({ creds, username, passwordStdin }: ImageFlags): TransportOptions['credentials'] {
  if (username !== undefined && passwordStdin) return { username, password: readFileSync(0, 'utf8').trimEnd() }
  if (username !== undefined || passwordStdin)
    throw new OciError('ARGUMENT_INVALID', '--username and --password-stdin go together', {})
  if (creds === undefined) return undefined
  const colon = creds.indexOf(':')
  if (colon < 1) throw new OciError('ARGUMENT_INVALID', '--creds: want user:password', { want: 'user:password' })
  return { username: creds.slice(0, colon), password: creds.slice(colon + 1) }
}

function bool(text: string): string {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('want true or false.')
  return text
}
