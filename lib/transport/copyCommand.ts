import type { TransportOptions } from './transport.ts'

/** The skopeo line that does what a copy with these options does; without credentials, which are nobody's business. */
export function copyCommand(from: string, to: string, { platform, insecure }: TransportOptions = {}): string {
  const global = platform
    ? [
        '--override-os',
        platform.os,
        '--override-arch',
        platform.architecture,
        ...(platform.variant ? ['--override-variant', platform.variant] : []),
      ]
    : []
  const tls = (name: string, flag: string) => (insecure && name.startsWith('docker://') ? [flag] : [])
  const flags = [...tls(from, '--src-tls-verify=false'), ...tls(to, '--dest-tls-verify=false')]
  return ['skopeo', ...global, 'copy', ...flags, from, to].map(quoted).join(' ')
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
