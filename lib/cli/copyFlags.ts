import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CopyOptions } from '../transport/copy.ts'
import type { TransportOptions } from '../transport/transport.ts'
import { bool, type ImageFlags, parseCredentials, transportOptions, withImageFlags } from './imageFlags.ts'

/** The flags of every verb that copies. */
export interface CopyFlags extends ImageFlags {
  all?: boolean
  srcCreds?: string
  destCreds?: string
  srcTlsVerify?: string
  destTlsVerify?: string
  srcCertDir?: string
  destCertDir?: string
  destCompressFormat?: 'gzip' | 'zstd'
  destCompressLevel?: number
  mirror?: string[]
  chunkSize?: number
}

/** Adds what is common to all copies, named as skopeo names it. */
export function withCopyFlags(command: Command): Command {
  const verify = (side: string) =>
    new Option(`--${side}-tls-verify <bool>`, `--tls-verify, for the ${sides[side]} only`).argParser(bool)
  return withImageFlags(command)
    .option('-a, --all', 'every image of an index, not only this machine’s')
    .option('--src-creds <user:password>', 'log in to the source so')
    .option('--dest-creds <user:password>', 'log in to the destination so')
    .addOption(verify('src'))
    .addOption(verify('dest'))
    .option('--src-cert-dir <folder>', 'certificates for the source: *.crt, *.cert, *.key')
    .option('--dest-cert-dir <folder>', 'certificates for the destination')
    .addOption(
      new Option('--dest-compress-format <format>', 'pack layers that are packed otherwise anew').choices([
        'gzip',
        'zstd',
      ]),
    )
    .option('--dest-compress-level <level>', 'how hard to compress', natural)
    .option('--mirror <host/prefix...>', 'where to look before the registry itself (registries.conf by default)')
    .option('--chunk-size <bytes>', 'upload layers in pieces of this size', natural)
}

const sides: Record<string, string> = { src: 'source', dest: 'destination' }

/** What the flags mean to a copy. Throws `ARGUMENT_INVALID`. */
export function copyOptions(flags: CopyFlags): CopyOptions {
  const { all, mirror, chunkSize, destCompressFormat: format, destCompressLevel: level } = flags
  return {
    ...transportOptions(flags),
    all,
    mirrors: mirror,
    chunkSize,
    ...((format ?? level) !== undefined && {
      recompress: { format: format ?? 'gzip', ...(level !== undefined && { level }) },
    }),
    source: side(flags.srcCreds, flags.srcTlsVerify, flags.srcCertDir, '--src-creds'),
    destination: side(flags.destCreds, flags.destTlsVerify, flags.destCertDir, '--dest-creds'),
  }
}

function side(
  creds: string | undefined,
  verify: string | undefined,
  certificates: string | undefined,
  flag: string,
): TransportOptions {
  return {
    ...(creds !== undefined && { credentials: parseCredentials(creds, flag) }),
    ...(verify !== undefined && { insecure: verify === 'false' }),
    ...(certificates !== undefined && { certificateFolder: certificates }),
  }
}

function natural(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('want a whole number above 0.')
  return number
}
