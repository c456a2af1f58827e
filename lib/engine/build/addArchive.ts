import { readTar } from '../../bytes/readTar.ts'
import { isOciError } from '../../errors.ts'
import type { Staging } from '../../transport/staging.ts'
import type { Changes } from './changes.ts'
import { heldContent } from './heldContent.ts'
import { cleanPath } from './patterns.ts'
import type { FileContent } from './source.ts'
import { unpacked } from './unpacked.ts'

/** A tar that ADD unpacks, whatever it is compressed with. */
export interface Archive {
  extract(changes: Changes, destination: string): Promise<void>
}

const WHERE = 'ADD: archive'

/** The archive that a file is; nothing for any other file. */
export async function detectArchive(content: FileContent, staging: Staging): Promise<Archive | undefined> {
  if (!(await isTar(content))) return undefined
  return {
    async extract(changes, destination) {
      const target = changes.makeFolder(destination)
      for await (const { path, body, ...header } of readTar(unpacked(content.bytes(), WHERE), WHERE)) {
        const inside = cleanPath(`/${path.toString('latin1')}`).slice(1)
        if (inside === '') continue
        const slash = inside.lastIndexOf('/')
        const below = (name: string) => (target === '' ? name : `${target}/${name}`)
        const folder = slash < 0 ? target : changes.makeFolder(below(inside.slice(0, slash)))
        const name = inside.slice(slash + 1)
        const linkpath = header.type === 'hardlink' ? hardlinkTarget(header.linkpath!, below) : header.linkpath
        // Held, not streamed: the members of a layer are written in another order than this archive has.
        const held = header.type === 'file' ? await heldContent({ path, size: header.size, body }, staging) : undefined
        changes.put(folder === '' ? name : `${folder}/${name}`, { ...header, linkpath, body: held?.bytes() })
      }
    },
  }
}

function hardlinkTarget(linkpath: Buffer, below: (name: string) => string): Buffer {
  return Buffer.from(below(cleanPath(`/${linkpath.toString('latin1')}`).slice(1)), 'latin1')
}

/** True when a first member can be read. */
export async function isTar(content: Pick<FileContent, 'bytes'>): Promise<boolean> {
  try {
    for await (const _first of readTar(unpacked(content.bytes(), WHERE), WHERE)) return true
    return false
  } catch (error) {
    if (isOciError(error) && error.code !== 'TOOL_MISSING') return false
    throw error
  }
}
