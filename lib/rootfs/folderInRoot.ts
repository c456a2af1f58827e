import type { OciError } from '../errors.ts'
import { partsWithin } from '../image/layerPath.ts'
import { openRoot } from '../kernel.ts'
import { FolderFinder } from './folderFinder.ts'

/** A folder below another that stands for `/`. */
export interface FolderInRoot {
  /** Without links in it, from the root; one character a byte. */
  readonly path: string
  /** It was not there. */
  readonly isNew: boolean
}

/** Follows links to a folder as if `rootfs` were `/`, and makes what is missing. Throws `noFolder` where there is something else. */
export function folderInRoot(rootfs: string, path: string, noFolder: () => OciError): FolderInRoot {
  const root = openRoot(rootfs)
  try {
    const finder = new FolderFinder(root, noFolder)
    const name = partsWithin(Buffer.from(path).toString('latin1')).join('/')
    const found = finder.find(name)
    return { path: found ?? finder.make(name), isNew: found === undefined }
  } finally {
    root.close()
  }
}
