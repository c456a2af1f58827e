import { sortedMap } from '../../spec/goJson.ts'
import { readControl, readPairs } from './controlFile.ts'

/** A count of 64 bits that JSON.stringify writes exactly: a number, or the digits themselves where a number would round. */
export type Count = number | object

/** What is known of a container's use, before it is made what `runc events` prints: types/events.go of runc. */
export interface Stats {
  readonly cpu: object
  readonly cpuset: object
  readonly memory: object
  readonly pids: object
  readonly blkio: object
  readonly hugetlb: object
}

/** One kind of memory, in bytes. */
export interface MemoryUse {
  readonly limit?: bigint
  readonly usage?: bigint
  readonly max?: bigint
  readonly failcnt?: bigint
}

/** What went to or came from a device. */
export interface BlockEntry {
  readonly major: bigint
  readonly minor: bigint
  readonly op?: string
  readonly value: bigint
}

/** What v2 calls `max` and Go prints as the greatest number of 64 bits. */
export const NO_LIMIT = 2n ** 64n - 1n

/** A number of a control file: `max` is {@link NO_LIMIT}, a missing file or no number is nothing. */
export function readCount(folder: string, file: string): bigint | undefined {
  return parseCount(readControl(folder, file))
}

/** The same of a text. */
export function parseCount(text: string | undefined): bigint | undefined {
  if (text === 'max') return NO_LIMIT
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : undefined
}

/** All `key number` lines of a control file. */
export function readCounts(folder: string, file: string): Map<string, bigint> {
  return new Map(
    [...readPairs(folder, file)].flatMap(([key, text]): [string, bigint][] => {
      const value = parseCount(text)
      return value === undefined ? [] : [[key, value]]
    }),
  )
}

/** A count for JSON; nothing for 0 (Go's omitempty) or nothing. */
export function some(count: bigint | undefined): Count | undefined {
  return count ? exact(count) : undefined
}

/** A count for JSON; 0 for nothing. */
export function exact(count: bigint | undefined = 0n): Count {
  if (count <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(count)
  // TypeScript's library does not know it yet; Node 22 does.
  return (JSON as unknown as { rawJSON(text: string): object }).rawJSON(String(count))
}

/** One kind of memory, as runc prints it. */
export function memoryEntry({ limit, usage, max, failcnt }: MemoryUse): object {
  return { limit: exact(limit), usage: some(usage), max: some(max), failcnt: exact(failcnt) }
}

/** A list of devices, as runc prints it: nothing when it is empty. */
export function blockEntries(list: readonly BlockEntry[] | undefined): object[] | undefined {
  if (!list?.length) return undefined
  return list.map(({ major, minor, op, value }) => ({
    major: some(major),
    minor: some(minor),
    op: op || undefined,
    value: some(value),
  }))
}

/** All of a memory.stat file, as runc prints it; nothing when it is empty. */
export function rawMap(counts: ReadonlyMap<string, bigint>): Record<string, Count> | undefined {
  if (counts.size === 0) return undefined
  return sortedMap(Object.fromEntries([...counts].map(([key, value]) => [key, exact(value)])))
}
