import { readFileSync } from 'node:fs'
import { collect } from '../../../bytes/collect.ts'
import { writeTar } from '../../../bytes/writeTar.ts'
import type { ErrorCode } from '../../../errors.ts'
import { ancestorsOf } from '../../../image/layerPath.ts'
import { type Member, tarInput } from '../../../rootfs/testLayers.ts'
import { digestOf } from '../../../spec/digest.ts'
import { hostPlatform } from '../../../spec/platform.ts'
import type { Json } from '../../../transport/hostile/testLayout.ts'

/** An image as a stranger makes it. */
export interface HostileImage {
  /** The `config` of its configuration: how its program is to be run. */
  readonly process?: Json
  /** The whole configuration otherwise. */
  readonly config?: (it: Json) => unknown
  /** What is in its root otherwise; `out` is a folder of the host's, with files that nobody may touch. */
  readonly files?: (out: string) => Record<string, Member>
  /** Words between `run` and the image. */
  readonly flags?: readonly string[]
  /** What is said of it, and it runs. */
  readonly warning?: string
}

/** What its program prints; or how it is refused, and the exit code where that is not 125. */
export type Expected = string | readonly [code: ErrorCode, says: string, status?: 126 | 127]

/** What Docker does otherwise, and why: its container prints something else, or it has none; `asks not` where it would hang. */
export type Differs = readonly [docker: 'runs' | 'refuses' | 'asks not', why: string]

/** One line of a table. */
export type Case = readonly [name: string, image: HostileImage, expected: Expected, differs?: Differs | undefined]

/** An image whose program is a line of shell. */
export const shell = (line: string, process: Json = {}): HostileImage => ({
  process: { Entrypoint: ['/bin/sh', '-c', line], ...process },
})

/** Up to the root of the host from wherever a container's files are, and down again. */
export const climbing = (path: string): string => `${'../'.repeat(40)}${path.slice(1)}`

const APPLETS = ['sh', 'cat', 'echo', 'env', 'grep', 'id', 'ls', 'pwd', 'sleep', 'stat', 'true']

const BASE: Record<string, Member> = {
  bin: { type: 'directory' },
  'bin/busybox': { body: readFileSync('/bin/busybox', 'latin1'), mode: 0o755 },
  ...Object.fromEntries(APPLETS.map(name => [`bin/${name}`, { linkpath: 'busybox' }])),
  etc: { type: 'directory' },
  'etc/passwd': { body: 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n' },
  'etc/group': { body: 'root:x:0:\napp:x:1000:\nmore:x:2000:app\n' },
  file: { body: 'a file' },
}

/** The layer and the configuration of such an image. */
export async function partsOf(image: HostileImage, out: string): Promise<{ tar: Uint8Array; config: unknown }> {
  const tar = image.files ? await layerOf({ ...BASE, ...image.files(out) }) : BASE_TAR
  const { architecture } = hostPlatform()
  const rootfs = { type: 'layers', diff_ids: [digestOf(tar)] }
  const config = { architecture, os: 'linux', config: image.process, rootfs }
  return { tar, config: image.config ? image.config(config) : config }
}

/** What would be below something else than a folder is left out. */
async function layerOf(members: Record<string, Member>): Promise<Uint8Array> {
  const isFolder = (path: string) => !members[path] || members[path].type === 'directory'
  const fitting = Object.entries(members).filter(([path]) => [...ancestorsOf(path)].every(isFolder))
  return collect(writeTar(fitting.map(([path, member]) => tarInput(path, member))))
}

const BASE_TAR = await layerOf(BASE)
