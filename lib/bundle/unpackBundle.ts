import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../bytes/file.ts'
import { isSystemError } from '../errors.ts'
import { type Options, say } from '../events.ts'
import type { Image } from '../image/image.ts'
import { readInRoot } from '../rootfs/readInRoot.ts'
import { fillInPlace } from '../rootfs/target.ts'
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
  return fillInPlace(path, () => filled(image, path, options), { isNew: await made(path) })
}

async function filled(image: Image, path: string, options: Options & { rootless?: boolean }): Promise<Bundle> {
  const rootfs = join(path, 'rootfs')
  await unpack(image, rootfs, options)
  const accounts = { passwd: read(rootfs, 'etc/passwd'), group: read(rootfs, 'etc/group') }
  const config = runtimeSpecFor(image.config, accounts, { rootless: options.rootless })
  await writeFileAtomically(join(path, 'config.json'), JSON.stringify(config, null, '\t'))
  return openBundle(path)
}

/** Makes the folder, and answers whether it was not there. */
async function made(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 })
    return true
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false
    throw error
  }
}

/** A file of the image, looked up as if the rootfs were the root; empty where it is not there. */
function read(rootfs: string, path: string): string {
  return readInRoot(rootfs, path, ACCOUNTS_LIMIT)?.toString() ?? ''
}
