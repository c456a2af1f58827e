import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { OciError } from '../errors.ts'
import { parsePlatform } from '../spec/platform.ts'
import type { TransportOptions } from '../transport/transport.ts'
import { transcriptOptions } from './transcript.ts'

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
  certDir?: string
  idleTimeout?: number
  transcript?: string
  replay?: string
}

/** Adds the common flags, named as skopeo names them. */
export function withImageFlags(command: Command, { user = true } = {}): Command {
  // To `run`, -u says who runs the program.
  const login = user ? '-u, --username <user>' : '--username <user>'
  return command
    .option('--platform <os/arch[/variant]>', 'which image of an index to take (this machine’s by default)')
    .option('--creds <user:password>', 'log in to the registry so (docker’s config.json by default)')
    .option(login, 'log in as this user, with --password-stdin')
    .option('--password-stdin', 'read the password from stdin, so that it is in no history')
    .addOption(new Option('--tls-verify <bool>', 'false: accept plain HTTP and any certificate').argParser(bool))
    .option('--cert-dir <folder>', 'certificates for the registry: *.crt, *.cert, *.key')
    .option('--idle-timeout <seconds>', 'when nothing has moved for so long, a connection is dead (60)', seconds)
    .option('--transcript <file>', 'record all requests and answers there, without passwords and tokens')
    .option('--replay <file>', 'take the answers from such a record, without a network')
    .option('-q, --quiet', 'no progress')
    .option('--trace', 'show the commands this corresponds to, and every HTTP request')
}

/** What the flags mean to a transport. Throws `ARGUMENT_INVALID`. */
export function transportOptions(flags: ImageFlags): TransportOptions {
  const { platform, certDir, idleTimeout } = flags
  return {
    platform: platform === undefined ? undefined : parsePlatform(platform),
    credentials: credentials(flags),
    insecure: flags.tlsVerify === 'false',
    ...(certDir !== undefined && { certificateFolder: certDir }),
    ...(idleTimeout !== undefined && { idle: idleTimeout * 1000 }),
    ...transcriptOptions(flags),
  }
}

function credentials({ creds, username, passwordStdin }: ImageFlags): TransportOptions['credentials'] {
  if (username !== undefined && passwordStdin) return { username, password: readFileSync(0, 'utf8').trimEnd() }
  if (username !== undefined || passwordStdin)
    throw new OciError('ARGUMENT_INVALID', '--username and --password-stdin go together', {})
  return creds === undefined ? undefined : parseCredentials(creds, '--creds')
}

export function parseCredentials(text: string, flag: string): { username: string; password: string } {
  const colon = text.indexOf(':')
  if (colon < 1) throw new OciError('ARGUMENT_INVALID', `${flag}: want user:password`, { want: 'user:password' })
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

function seconds(text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new InvalidArgumentError('want seconds above 0.')
  return number
}

export function bool(text: string): string {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('want true or false.')
  return text
}
