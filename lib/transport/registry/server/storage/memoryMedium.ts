import { bytesOf } from '../../../../bytes/collect.ts'
import type { Digest } from '../../../../spec/digest.ts'
import type { Index } from '../../../../spec/manifest.ts'
import { Turns } from '../turns.ts'
import type { Medium, Shelf, StoredBlob, UploadFile } from './medium.ts'
import { arranged, type RepositoryIndex } from './repositoryIndex.ts'

/** A registry that keeps nothing: for tests and notebooks. */
export function memoryMedium(): Medium {
  const places = new Map<string, Place>()
  const turns = new Turns()
  return {
    names: async () => [...places].flatMap(([name, { index }]) => (index ? [name] : [])).sort(),
    places: async () => [...places.keys()],
    shelf: name => new MemoryShelf(name, places, turns),
    newUpload: async () => memoryFile(),
    shared(digest) {
      for (const { blobs } of places.values()) {
        const found = blobs.get(digest)
        if (found) return found
      }
      return undefined
    },
    // Blobs are shared by reference: the last repository that lets go of one frees it.
    sweep: async () => 0,
    close: async () => places.clear(),
  }
}

interface MemoryBlob extends StoredBlob {
  readonly raw: Uint8Array
}

/** One repository. It is there from the moment something is put in it: to ask for a name leaves nothing behind. */
interface Place {
  index?: RepositoryIndex
  readonly blobs: Map<Digest, MemoryBlob>
  /** When somebody last meant to refer to a blob. */
  readonly touched: Map<Digest, number>
}

class MemoryShelf implements Shelf {
  private readonly name: string
  private readonly places: Map<string, Place>
  private readonly turns: Turns

  constructor(name: string, places: Map<string, Place>, turns: Turns) {
    this.name = name
    this.places = places
    this.turns = turns
  }

  index(): RepositoryIndex | undefined {
    return this.places.get(this.name)?.index
  }

  blob(digest: Digest): StoredBlob | undefined {
    return this.places.get(this.name)?.blobs.get(digest)
  }

  locked<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.take(this.name, work)
  }

  async writeIndex(index: Index): Promise<void> {
    this.place().index = arranged(index)
  }

  async put(digest: Digest, raw: Uint8Array): Promise<void> {
    this.keep(digest, memoryBlob(raw))
  }

  async adopt(digest: Digest, file: UploadFile): Promise<void> {
    this.keep(digest, memoryBlob((file as MemoryFile).whole()))
  }

  async link(digest: Digest, from: StoredBlob): Promise<void> {
    this.keep(digest, from as MemoryBlob)
  }

  touch(digest: Digest): void {
    this.places.get(this.name)?.touched.set(digest, Date.now())
  }

  remove(digest: Digest): boolean {
    const place = this.places.get(this.name)
    place?.touched.delete(digest)
    return place?.blobs.delete(digest) ?? false
  }

  async digests(): Promise<Digest[]> {
    return [...(this.places.get(this.name)?.blobs.keys() ?? [])]
  }

  removeUntouched(digest: Digest, before: number): number | undefined {
    const place = this.places.get(this.name)
    if (!place || (place.touched.get(digest) ?? 0) >= before) return undefined
    const size = place.blobs.get(digest)?.size
    this.remove(digest)
    return [...this.places.values()].some(({ blobs }) => blobs.has(digest)) ? 0 : size
  }

  async removeIfEmpty(): Promise<void> {
    if (this.places.get(this.name)?.blobs.size === 0) this.places.delete(this.name)
  }

  private keep(digest: Digest, blob: MemoryBlob): void {
    const { blobs } = this.place()
    if (!blobs.has(digest)) blobs.set(digest, blob)
    this.touch(digest)
  }

  private place(): Place {
    const found = this.places.get(this.name) ?? { blobs: new Map(), touched: new Map() }
    this.places.set(this.name, found)
    return found
  }
}

function memoryBlob(raw: Uint8Array): MemoryBlob {
  return {
    raw,
    size: raw.length,
    bytes: ({ start, end } = { start: 0, end: raw.length }) => bytesOf(raw.subarray(start, end)),
  }
}

interface MemoryFile extends UploadFile {
  whole(): Uint8Array
}

function memoryFile(): MemoryFile {
  let chunks: Uint8Array[] = []
  const whole = () => {
    // One piece, copied once, however often it is asked for.
    if (chunks.length !== 1) chunks = [Buffer.concat(chunks)]
    return chunks[0]!
  }
  return {
    write: async more => void chunks.push(...more),
    sync: async () => undefined,
    rest: async () => undefined,
    bytes: range => bytesOf(range ? whole().subarray(range.start, range.end) : whole()),
    whole,
    discard: async () => {
      chunks = []
    },
  }
}
