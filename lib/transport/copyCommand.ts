import type { CopyOptions } from './copy.ts'

/** The skopeo line that does what a copy with these options does; without credentials, which are nobody's business. */
export function copyCommand(from: string, to: string, options: CopyOptions = {}): string {
  const { platform, insecure, all, recompress, source, destination } = options
  const global = platform
    ? [
        '--override-os',
        platform.os,
        '--override-arch',
        platform.architecture,
        ...(platform.variant ? ['--override-variant', platform.variant] : []),
      ]
    : []
  const tls = (name: string, side: string, open = insecure) =>
    open && name.startsWith('docker://') ? [`--${side}-tls-verify=false`] : []
  const flags = [
    ...(all ? ['--all'] : []),
    ...(recompress ? [`--dest-compress-format=${recompress.format}`] : []),
    ...(recompress?.level !== undefined ? [`--dest-compress-level=${recompress.level}`] : []),
    ...tls(from, 'src', source?.insecure),
    ...tls(to, 'dest', destination?.insecure),
  ]
  return ['skopeo', ...global, 'copy', ...flags, from, to].map(quoted).join(' ')
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
