import { readTar } from '../bytes/readTar.ts'
import type { TarType } from '../bytes/tar.ts'
import type { Options } from '../events.ts'
import { shortDigest } from '../spec/digest.ts'
import type { Image, Layer } from './image.ts'
import { effectOf } from './whiteout.ts'

/** What one member of a layer does to what the layers below have made. */
export interface Change {
  readonly path: string
  readonly kind: 'add' | 'replace' | 'hide' | 'opaque'
  readonly type: TarType
  /** Bytes that this member brings. */
  readonly size: number
  /** Bytes of lower layers that nobody sees any more because of it: they are pulled and stored all the same. */
  readonly wasted: number
}

export interface LayerChanges {
  readonly layer: Layer
  /** The history entry that made it, as far as the history says. */
  readonly createdBy?: string
  readonly changes: readonly Change[]
  readonly size: number
  readonly wasted: number
}

interface Held {
  readonly layer: number
  readonly size: number
  readonly folder: boolean
}

/**
 * Who adds, replaces and hides what, layer by layer, by the names in their tars. ≙ dive IMAGE
 * Throws `TAR_INVALID` and what the layers throw. image-spec layer.md § Applying
 */
export async function layerChanges(image: Image, options?: Options): Promise<LayerChanges[]> {
  const seen = new Map<string, Held>()
  const makers = image.config.history?.filter(entry => !entry.empty_layer).map(entry => entry.created_by) ?? []
  const all: LayerChanges[] = []
  for (const [number, layer] of image.layers.entries()) {
    const changes = await changesOf(layer, number, seen, options)
    all.push({ layer, createdBy: makers[number], changes, size: sum(changes, 'size'), wasted: sum(changes, 'wasted') })
  }
  return all
}

async function changesOf(layer: Layer, number: number, seen: Map<string, Held>, options?: Options): Promise<Change[]> {
  const changes: Change[] = []
  for await (const { path: name, type, size } of readTar(
    layer.uncompressed(),
    `layer ${shortDigest(layer.descriptor.digest)}`,
  )) {
    options?.signal?.throwIfAborted()
    const path = text(name)
    const effect = effectOf(Buffer.from(path, 'latin1'))
    if (effect.kind === 'add') {
      changes.push(add(seen, path, type, size, number))
      continue
    }
    const hidden = effect.path.toString('latin1')
    const wasted = hide(seen, hidden, number, effect.kind === 'whiteout')
    changes.push({ path: hidden, kind: effect.kind === 'whiteout' ? 'hide' : 'opaque', type, size: 0, wasted })
  }
  return changes
}

function add(seen: Map<string, Held>, path: string, type: TarType, size: number, layer: number): Change {
  const before = seen.get(path)
  const folder = type === 'directory'
  // A folder over a folder keeps what is in it; everything else takes the place of all that was there.
  const wasted = before && !(before.folder && folder) ? hide(seen, path, layer, true) : 0
  seen.set(path, { layer, size, folder })
  return { path, kind: before ? 'replace' : 'add', type, size, wasted }
}

/** Forgets what lower layers have at or below a path, and answers how many bytes that were. */
function hide(seen: Map<string, Held>, path: string, layer: number, itself: boolean): number {
  let bytes = 0
  const forget = (name: string, held: Held | undefined) => {
    if (!held || held.layer === layer) return
    bytes += held.size
    seen.delete(name)
  }
  // A file has nothing below it, and most of what is replaced are files.
  const below = seen.get(path)?.folder !== false
  if (below) for (const [name, held] of seen) if (name.startsWith(path === '' ? '' : `${path}/`)) forget(name, held)
  if (itself) forget(path, seen.get(path))
  return bytes
}

function sum(changes: readonly Change[], field: 'size' | 'wasted'): number {
  return changes.reduce((total, change) => total + change[field], 0)
}

/** One character a byte while names are compared; people get UTF-8 where it is. `./usr//bin/` → `usr/bin` */
function text(path: Buffer): string {
  return path
    .toString('latin1')
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/')
}

/** A name as people read it. */
export function readableName(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8')
}
