import { join } from 'node:path'
import { writeFileAtomically } from '../bytes/file.ts'
import { type Options, say } from '../events.ts'
import type { Image } from '../image/image.ts'
import { readInRoot } from '../rootfs/readInRoot.ts'
import { fillFolder } from '../rootfs/target.ts'
import { unpack } from '../rootfs/unpack.ts'
import { type Bundle, openBundle } from './bundle.ts'
import { runtimeSpecFor } from './fromImage.ts'

// Far more than any /etc/passwd of an image; less than a trap.
const ACCOUNTS_LIMIT = 1 << 20

/** Makes a bundle of an image: its files in rootfs/, and a config.json that runs it. ≙ `umoci unpack` */
export async function unpackBundle(
  image: Image,
  path: string,
  options: Options & { rootless?: boolean } = {},
): Promise<Bundle> {
  say(options, `umoci unpack --image IMAGE ${path}`)
  // A bundle is whole or not there.
  await fillFolder(path, folder => fill(image, folder, options), { mode: 0o700 })
  return openBundle(path)
}

async function fill(image: Image, path: string, options: Options & { rootless?: boolean }): Promise<void> {
  const rootfs = join(path, 'rootfs')
  await unpack(image, rootfs, options)
  const accounts = { passwd: read(rootfs, 'etc/passwd'), group: read(rootfs, 'etc/group') }
  const config = runtimeSpecFor(image.config, accounts, { rootless: options.rootless })
  await writeFileAtomically(join(path, 'config.json'), JSON.stringify(config, null, '\t'))
}

/** A file of the image, looked up as if the rootfs were the root; empty where it is not there. */
function read(rootfs: string, path: string): string {
  return readInRoot(rootfs, path, ACCOUNTS_LIMIT)?.toString() ?? ''
}
