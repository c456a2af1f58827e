import { readdirSync } from 'node:fs'

/** The sizes of huge pages this kernel has, as the names of control files say them: `2MB`, `1GB`. */
export function hugepageSizes(): string[] {
  let names: string[]
  try {
    names = readdirSync('/sys/kernel/mm/hugepages')
  } catch {
    return []
  }
  return names
    .flatMap(name => /^hugepages-(\d+)kB$/.exec(name)?.[1] ?? [])
    .map(sizeName)
    .sort()
}

/** The name of a size in kilobytes. */
export function sizeName(kilobytes: string): string {
  const size = Number(kilobytes)
  if (size >= 2 ** 20) return `${size / 2 ** 20}GB`
  return size >= 2 ** 10 ? `${size / 2 ** 10}MB` : `${size}KB`
}
