import type { Bytes } from '../bytes/bytes.ts'
import { tarRuns } from '../bytes/readTar.ts'
import type { TarEntry } from '../bytes/tar.ts'
import { OciError } from '../errors.ts'
import type { Options } from '../events.ts'
import { shortDigest } from '../spec/digest.ts'
import type { Layer, ReadHow } from './image.ts'

/** How much the layers of one image may be, so that a small download cannot fill a disk or a memory. */
export interface Limits {
  /** Bytes of all tars together, unpacked. */
  size: number
  /** Members of all tars together. */
  entries: number
  /** How many times its packed size a layer may be; asked only beyond the first GiB. gzip cannot do more than 1032. */
  ratio: number
}

/** Far beyond any image that is one. */
export const LIMITS: Limits = { size: 2 ** 40, entries: 10_000_000, ratio: 2000 }

const FREE = 2 ** 30

/** What is left of the limits while the layers of one image are read. */
export class Budget {
  readonly #limits: Limits
  #size = 0
  #entries = 0

  constructor(limits: Partial<Limits> = {}) {
    this.#limits = { ...LIMITS, ...limits }
  }

  /** The members of a layer. Throws `TOO_LARGE` as soon as they are too many, or too much, and what the layer throws. */
  async *entriesOf(layer: Layer, options?: Options): AsyncGenerator<TarEntry> {
    for await (const run of this.runsOf(layer, options)) for (const entry of run) yield entry
  }

  /** The same in runs, as {@link tarRuns} has them; when they are lent, bodies are good until the next run is asked for. */
  async *runsOf(layer: Layer, options?: Options, how?: ReadHow): AsyncGenerator<TarEntry[]> {
    const where = layerName(layer)
    const tar = this.within(layer.uncompressed(how), layer.descriptor.size, where, options)
    for await (const run of tarRuns(tar, where)) {
      options?.signal?.throwIfAborted()
      this.#entries += run.length
      if (this.#entries > this.#limits.entries) throw tooMuch(where, 'entries', this.#limits.entries)
      yield run
    }
  }

  /** Passes bytes on; `packed` is how many there were before they were unpacked. Throws `TOO_LARGE`. */
  async *within(bytes: Bytes, packed: number, where: string, options?: Options): Bytes {
    const { size, ratio } = this.#limits
    let unpacked = 0
    for await (const chunk of bytes) {
      // One file may be all of a layer: an interrupt does not wait for its end.
      options?.signal?.throwIfAborted()
      unpacked += chunk.length
      this.#size += chunk.length
      if (this.#size > size) throw tooMuch(where, 'bytes unpacked', size)
      if (unpacked > FREE && unpacked > packed * ratio) throw tooMuch(where, 'times its packed size', ratio)
      yield chunk
    }
  }
}

/** How errors name a layer. */
export function layerName({ descriptor }: Layer): string {
  return `layer ${shortDigest(descriptor.digest)}`
}

function tooMuch(where: string, of: string, want: number): OciError {
  return new OciError('TOO_LARGE', `${where}: more than ${want} ${of}`, { want, where })
}
