import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSystemError } from '../../../errors.ts'
import { withFileLock } from '../../fileLock.ts'

/** Who has an address: `CONTAINER\r\nIFNAME`, as the real host-local writes it, so that each finds the other's. */
export interface Leases {
  /** Whose an address is: `CONTAINER/IFNAME`. */
  holder(address: string): string | undefined
  /** Whether it was free, and now is his. */
  take(address: string, whose: string): boolean
  /** Every address that was given out, with whose it is. */
  all(): [address: string, whose: string][]
  give(address: string): void
  lastOf(range: number): string | undefined
  remember(range: number, address: string): void
}

/** Does `work` with a network's leases while nobody else looks at them. /var/lib/cni/networks/mynet/10.1.0.5 */
export async function withLeases<T>(folder: string, work: (leases: Leases) => T): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  return withFileLock(join(folder, 'lock'), async () => work(leasesIn(folder)))
}

function leasesIn(folder: string): Leases {
  const path = (name: string) => join(folder, name)
  const read = (name: string) => {
    try {
      return readFileSync(path(name), 'utf8')
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined
      throw error
    }
  }
  const holder = (address: string) => read(address)?.trim().split(/\r?\n/).join('/')
  return {
    holder,
    take(address, whose) {
      try {
        writeFileSync(path(address), whose.split('/').join('\r\n'), { flag: 'wx', mode: 0o600 })
        return true
      } catch (error) {
        if (isSystemError(error, 'EEXIST')) return false
        throw error
      }
    },
    all: () =>
      readdirSync(folder)
        .filter(name => name !== 'lock' && !name.startsWith('last_reserved_ip.'))
        .map(name => [name, holder(name) ?? '']),
    give: address => rmSync(path(address), { force: true }),
    lastOf: range => read(`last_reserved_ip.${range}`),
    remember: (range, address) => writeFileSync(path(`last_reserved_ip.${range}`), address, { mode: 0o644 }),
  }
}
