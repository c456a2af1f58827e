import { RuntimeError } from '../../errors.ts'
import type { Resources } from '../../spec/linuxConfig.ts'

/** One value that a config asks to be written to one control file. */
export interface Write {
  /** What of config.json asks for it, such as `linux.resources.memory.limit`. */
  readonly at: string
  /** Whose file it is; without that controller the config cannot be had. */
  readonly controller: string
  readonly file: string
  readonly value: string
  /** Refusals (errno names) that are as good as done. */
  readonly fine?: readonly string[]
  /** The kernel refuses it (EINVAL) while a value that comes later in the list is still the old one: then it is tried again at the end. */
  readonly again?: boolean
  /** The kernel silently takes the nearest value it can; a config that asks for another is refused. */
  readonly exact?: boolean
  /** What is written when the file is not there. */
  readonly instead?: { readonly file: string; readonly value: string }
}

/** What a control file of the container's cgroup says now; nothing when it is not there. */
export type Read = (controller: string, file: string) => string | undefined

/** One line of a table: which controller writes what a config asks for at a place of `linux.resources`. */
export type Row = (resources: Resources) => Write[]

/** A row for one number or text; 0 and '' are written only by {@link always}, for Go's programs write them for "not given". */
export function row<T>(
  at: string,
  controller: string,
  asked: (resources: Resources) => T | undefined,
  file: string,
  convert: (value: T) => string,
  more: Partial<Write> = {},
): Row {
  return resources => {
    const value = asked(resources)
    if (value === undefined || value === null || value === 0 || value === '' || value === false) return []
    return [{ at: `linux.resources.${at}`, controller, file, value: convert(value as T), ...more }]
  }
}

/** A {@link row} whose value 0 is a value as any other. */
export function always(
  at: string,
  controller: string,
  asked: (resources: Resources) => number | undefined,
  file: string,
  convert: (value: number) => string,
  more: Partial<Write> = {},
): Row {
  return resources => {
    const value = asked(resources) ?? undefined
    return value === undefined
      ? []
      : [{ at: `linux.resources.${at}`, controller, file, value: convert(value), ...more }]
  }
}

/** A row for each entry of a list. */
export function each<T>(
  at: string,
  controller: string,
  asked: (resources: Resources) => readonly T[] | null | undefined,
  convert: (entry: T, at: string) => Omit<Write, 'at' | 'controller'>[],
): Row {
  return resources =>
    (asked(resources) ?? []).flatMap((entry, index) => {
      const place = `linux.resources.${at}[${index}]`
      return convert(entry, place).map(write => ({ at: place, controller, ...write }))
    })
}

/** A number as the kernel reads it: never with an exponent. */
export function decimal(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(Math.trunc(value)).toString()
}

/** pids.max of `pids.limit`: a limit of 0 or less is none, as runc 1.1 has it. */
export function pidsMax(limit: number): string {
  return limit > 0 ? decimal(limit) : 'max'
}

/** rdma.max: v1 and v2 have the same file. config-linux.md § RDMA. */
export function rdmaWrites({ rdma }: Resources): Write[] {
  return Object.entries(rdma ?? {}).map(([device, { hcaHandles, hcaObjects }]) => {
    const handles = hcaHandles === undefined ? '' : ` hca_handle=${hcaHandles}`
    const objects = hcaObjects === undefined ? '' : ` hca_object=${hcaObjects}`
    const value = `${device}${handles}${objects}`
    return { at: `linux.resources.rdma.${device}`, controller: 'rdma', file: 'rdma.max', value }
  })
}

/** hugetlb.SIZE.*: first what is used, then, where the kernel counts that, what is reserved. config-linux.md § Huge page limits. */
export function hugepages(suffix: 'max' | 'limit_in_bytes'): Row {
  return each(
    'hugepageLimits',
    'hugetlb',
    r => r.hugepageLimits,
    ({ pageSize, limit }, at) => {
      // It becomes part of a file name.
      if (!/^[1-9]\d*[KMG]B$/.test(pageSize))
        throw new RuntimeError(
          'CONFIG_INVALID',
          `${at}.pageSize: ${JSON.stringify(pageSize)} (want a size such as 2MB)`,
          {
            where: `${at}.pageSize`,
            want: '64KB, 2MB, 1GB …',
            got: pageSize,
          },
        )
      const value = decimal(limit)
      return [
        { file: `hugetlb.${pageSize}.${suffix}`, value },
        { file: `hugetlb.${pageSize}.rsvd.${suffix}`, value, fine: ['ENOENT'] },
      ]
    },
  )
}
