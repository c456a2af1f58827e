import { createGunzip } from 'node:zlib'
import { OciError } from '../errors.ts'
import { type NativeGunzip, nativeGunzip } from '../kernel.ts'
import { oneAhead, takingTurns } from './ahead.ts'
import type { Bytes } from './bytes.ts'
import { gzipHeader } from './gzipHeader.ts'
import type { Rewindable } from './rewindable.ts'
import { through } from './zlibEngine.ts'

// Of ISA-L's output. So much is made on another thread while the chunk before is hashed, read and written on this one.
const ROOM = 1 << 20
const ZLIB_CHUNK = 256 << 10
const NOTHING = Buffer.alloc(0)
const FIRST_MAGIC = 0x1f

/**
 * The bytes inside any number of gzip members; after the last there may be zeros, as on tapes, but nothing else.
 * By ISA-L where native/ was built with it, which takes half of node:zlib's time. RFC 1952.
 * Throws `GZIP_INVALID` for what is corrupt or cut short.
 */
export async function* gunzipped(source: Rewindable, where: string, { lent = false } = {}): Bytes {
  const native = nativeGunzip()
  yield* native ? oneAhead(chunksOf(source, new native.Gunzip(), rooms(lent), where)) : byZlib(source, where)
  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next())
    if (chunk.some(byte => byte !== 0)) throw invalid(where, 'garbage after the end')
}

/** The same by node:zlib. */
export function byZlib(source: Rewindable, where: string): Bytes {
  return through(source, createGunzip({ chunkSize: ZLIB_CHUNK }), error => invalid(where, error.message, error))
}

/**
 * Room after room: fresh ones, which whoever reads may keep; or three that take turns, for one is filled while the two before
 * it are in use. The kernel gives fresh memory zeroed, page by page: of a large layer that is a quarter of the time.
 */
function rooms(lent: boolean): () => Buffer {
  return lent ? takingTurns(ROOM) : () => Buffer.allocUnsafeSlow(ROOM)
}

/** Members one after another, in chunks of {@link ROOM} bytes. What follows the last one is put back. */
async function* chunksOf(
  source: Rewindable,
  gunzip: NativeGunzip,
  newRoom: () => Buffer,
  where: string,
): AsyncGenerator<Uint8Array> {
  const inHand: InHand = {}
  do yield* memberOf(source, gunzip, newRoom, inHand, where)
  while (await isAnother(source))
}

/** A room in which nothing is yet: it is kept for what comes next, lest those that take turns come round too soon. */
interface InHand {
  room?: Buffer
}

async function* memberOf(
  source: Rewindable,
  gunzip: NativeGunzip,
  newRoom: () => Buffer,
  inHand: InHand,
  where: string,
): AsyncGenerator<Uint8Array> {
  await skipHeader(source, where)
  gunzip.begin()
  let input: Uint8Array = NOTHING
  let state = 'more'
  while (state === 'more') {
    const room = inHand.room ?? newRoom()
    inHand.room = room
    let filled = 0
    while (filled < ROOM && state === 'more') {
      if (input.length === 0) input = (await source.next()) ?? NOTHING
      const [used, made, now] = await gunzip.inflate(input, room.subarray(filled))
      // Of an input that has ended there may still be something to come out; then nothing more.
      if (input.length === 0 && made === 0 && now === 'more') throw cut(where)
      input = input.subarray(used)
      filled += made
      state = now
    }
    if (filled === 0) continue
    inHand.room = undefined
    yield room.subarray(0, filled)
  }
  if (state !== 'end') throw invalid(where, state)
  source.putBack(input)
}

// ISA-L itself loses its way in a header that comes in pieces.
async function skipHeader(source: Rewindable, where: string): Promise<void> {
  let bytes = NOTHING
  for (;;) {
    const header = gzipHeader(bytes)
    if (typeof header === 'number') return source.putBack(bytes.subarray(header))
    if (header !== 'more') throw invalid(where, header.wrong)
    const chunk = await source.next()
    if (chunk === undefined) throw cut(where)
    bytes = Buffer.concat([bytes, chunk])
  }
}

async function isAnother(source: Rewindable): Promise<boolean> {
  const chunk = await source.next()
  if (chunk === undefined) return false
  source.putBack(chunk)
  return chunk[0] === FIRST_MAGIC
}

function cut(where: string): OciError {
  return invalid(where, 'unexpected end of file')
}

function invalid(where: string, what: string, cause?: Error): OciError {
  return new OciError('GZIP_INVALID', `${where}: ${what}`, { where }, { cause })
}
