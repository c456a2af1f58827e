import { isAtLeast } from './version.ts'

/** What ADD answers (SPEC.md § ADD Success). */
export interface CniResult {
  readonly cniVersion?: string
  readonly interfaces?: readonly CniInterface[]
  readonly ips?: readonly CniIp[]
  readonly routes?: readonly CniRoute[]
  readonly dns?: CniDns
}

export interface CniInterface {
  readonly name: string
  readonly mac?: string
  readonly mtu?: number
  /** Path of the network namespace; a link of the host's has none. */
  readonly sandbox?: string
}

export interface CniIp {
  /** Before 1.0.0: `4` or `6`. */
  readonly version?: string
  /** `10.1.0.5/16` */
  readonly address: string
  readonly gateway?: string
  /** Index in `interfaces`. */
  readonly interface?: number
}

export interface CniRoute {
  /** `0.0.0.0/0` */
  readonly dst: string
  readonly gw?: string
}

export interface CniDns {
  readonly nameservers?: readonly string[]
  readonly domain?: string
  readonly search?: readonly string[]
  readonly options?: readonly string[]
}

/** The same result in another version's words: from 1.0.0 on an address tells its family by itself. */
export function asVersion(result: CniResult, cniVersion: string): CniResult {
  const plain = isAtLeast(cniVersion, '1.0.0')
  const ips = result.ips?.map(({ version: _, ...ip }) =>
    plain ? ip : { version: ip.address.includes(':') ? '6' : '4', ...ip },
  )
  const { cniVersion: _, ...rest } = result
  return { cniVersion, ...rest, ...(ips && { ips }) }
}
