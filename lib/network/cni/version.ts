import { cniError } from './error.ts'

/** The versions of the protocol spoken here, oldest first. What came before 0.3.0 knew no list of plugins. */
export const VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const

/** Compares by number, part by part: `1.10.0` is newer than `1.9.0`. Throws `CNI_FAILED` (6) for what is no version. */
export function isAtLeast(version: string, least: string): boolean {
  const [left, right] = [numbers(version), numbers(least)]
  const at = left.findIndex((number, i) => number !== right[i])
  return at === -1 || left[at]! > right[at]!
}

/** The highest one that both sides speak. Throws `CNI_FAILED` (1) when there is none. */
export function newestOf(offered: readonly string[]): string {
  for (const version of offered) numbers(version)
  const known = VERSIONS.filter(version => offered.includes(version)).at(-1)
  if (known !== undefined) return known
  throw cniError(1, 'incompatible CNI versions', `want one of ${VERSIONS.join(', ')}, got ${offered.join(', ')}`)
}

function numbers(version: string): number[] {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw cniError(6, 'not a CNI version', version)
  return version.split('.').map(Number)
}
