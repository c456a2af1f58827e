import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../bytes/file.ts'
import { isSystemError, OciError } from '../errors.ts'
import { type Options, say } from '../events.ts'
import type { Image } from '../image/image.ts'
import { readInRoot } from '../rootfs/readInRoot.ts'
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
  await claim(path)
  try {
    const rootfs = join(path, 'rootfs')
    await unpack(image, rootfs, options)
    const accounts = { passwd: read(rootfs, 'etc/passwd'), group: read(rootfs, 'etc/group') }
    const config = runtimeSpecFor(image.config, accounts, { rootless: options.rootless })
    await writeFileAtomically(join(path, 'config.json'), JSON.stringify(config, null, '\t'))
    return await openBundle(path)
  } catch (error) {
    // A bundle is whole or not there.
    await rm(path, { recursive: true, force: true })
    throw error
  }
}

/** Takes an absent or empty folder. Throws `TARGET_EXISTS` for one that has something in it. */
async function claim(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
    const there = await readdir(path)
    if (there.length > 0)
      throw new OciError(
        'TARGET_EXISTS',
        `${path}: not empty (has ${there[0]})`,
        { where: path, got: there },
        { cause: error },
      )
  }
}

/** A file of the image, looked up as if the rootfs were the root; empty where it is not there. */
function read(rootfs: string, path: string): string {
  return readInRoot(rootfs, path, ACCOUNTS_LIMIT)?.toString() ?? ''
}
