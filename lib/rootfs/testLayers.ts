import type { TarInput, TarType } from '../bytes/tar.ts'
import { writeTar } from '../bytes/writeTar.ts'
import { imageFrom } from '../image/build.ts'
import type { Image } from '../image/image.ts'

/** A member of a layer in a test, with names as text (one character a byte). */
export type Member = Omit<Partial<TarInput>, 'path' | 'linkpath' | 'body'> & { body?: string; linkpath?: string }

/** An image with a layer for each list of members. */
export function imageWith(...layers: Record<string, Member>[]): Promise<Image> {
  const tars = layers.map(layer => ({
    tar: writeTar(Object.entries(layer).map(([path, member]) => tarInput(path, member))),
  }))
  return imageFrom({ architecture: 'amd64', os: 'linux', layers: tars })
}

/** What the name says: `a/` is a folder, `a` with a link target a symlink, anything else a file. */
export function tarInput(path: string, { body, linkpath, type, ...rest }: Member): TarInput {
  const guessed: TarType = path.endsWith('/') ? 'directory' : linkpath === undefined ? 'file' : 'symlink'
  return {
    path: Buffer.from(path, 'latin1'),
    type: type ?? guessed,
    ...(linkpath !== undefined && { linkpath: Buffer.from(linkpath, 'latin1') }),
    ...((type ?? guessed) === 'file' && { body: Buffer.from(body ?? '', 'latin1') }),
    ...rest,
  }
}
