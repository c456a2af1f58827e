import { closeSync, constants, openSync, readFileSync, writeFileSync } from 'node:fs'
import { native } from '../kernel.ts'
import { calling } from './native.ts'
import { isNetns } from './netns.ts'

/** ≙ `sysctl -n KEY`: a setting of a network namespace. `key` has slashes (`net/ipv4/ip_forward`), for a link's name may have dots. */
export async function readSysctl(key: string, netns?: string): Promise<string> {
  return withFile(key, constants.O_RDONLY, netns, fd => readFileSync(fd, 'utf8').trim())
}

/** ≙ `sysctl -w KEY=VALUE`. Throws `KERNEL`, `NOT_PERMITTED`. */
export async function writeSysctl(key: string, value: string, netns?: string): Promise<void> {
  await withFile(key, constants.O_WRONLY, netns, fd => writeFileSync(fd, value))
}

/** True while a setting is another than `value`; false where there is no such setting, or no such namespace. */
export async function sysctlDiffers(key: string, value: string, netns?: string): Promise<boolean> {
  if (netns !== undefined && !isNetns(netns)) return false
  return (await readSysctl(key, netns).catch(() => value)) !== value
}

async function withFile<T>(key: string, flags: number, netns: string | undefined, use: (fd: number) => T): Promise<T> {
  const path = `/proc/sys/${key}`
  const fd = netns === undefined ? openSync(path, flags) : await calling(path, native().openIn(netns, path, flags))
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}
