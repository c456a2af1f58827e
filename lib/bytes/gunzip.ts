import { createGunzip } from 'node:zlib'
import { OciError } from '../errors.ts'
import { type NativeGunzip, nativeGunzip } from '../kernel.ts'
import { takingTurns } from './ahead.ts'
import type { Bytes } from './bytes.ts'
import { gzipHeader } from './gzipHeader.ts'
import type { Rewindable } from './rewindable.ts'
import { through } from './zlibEngine.ts'

// Of ISA-L's output. So much is hashed, read and written at a time on this thread, while more is made on another.
const ROOM = 1 << 20
// So many rooms are with that thread: whoever is faster for a while need not wait. With two the JRE image took a tenth longer.
const ROOMS_AHEAD = 4
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
  yield* native ? byIsal(source, new native.Gunzip(), where, lent) : byZlib(source, where)
  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next())
    if (chunk.some(byte => byte !== 0)) throw invalid(where, 'garbage after the end')
}

/** The same by node:zlib. */
export function byZlib(source: Rewindable, where: string): Bytes {
  return through(source, createGunzip({ chunkSize: ZLIB_CHUNK }), error => invalid(where, error.message, error))
}

/** What comes out of all members, in chunks of {@link ROOM} bytes. What follows the last member is put back. */
async function* byIsal(source: Rewindable, gunzip: NativeGunzip, where: string, lent: boolean): Bytes {
  const giving = giveMembers(source, gunzip, where).finally(() => gunzip.end())
  // What is wrong is told when what came before it has been read.
  const givenAll = giving.catch(() => undefined)
  try {
    yield* filled(gunzip, lent ? takingTurns(ROOM, ROOMS_AHEAD) : () => Buffer.allocUnsafeSlow(ROOM))
    await giving
  } finally {
    gunzip.end()
    await givenAll
  }
}

/**
 * Room after room: fresh ones, which whoever reads may keep; or some that take turns. The kernel gives fresh memory zeroed,
 * page by page: of a large layer that is a quarter of the time.
 */
async function* filled(gunzip: NativeGunzip, newRoom: () => Buffer): Bytes {
  const asked: { room: Buffer; made: Promise<number> }[] = []
  for (;;) {
    while (asked.length < ROOMS_AHEAD) {
      const room = newRoom()
      asked.push({ room, made: gunzip.fill(room) })
    }
    const { room, made } = asked.shift()!
    const length = await made
    if (length === 0) return
    yield room.subarray(0, length)
  }
}

async function giveMembers(source: Rewindable, gunzip: NativeGunzip, where: string): Promise<void> {
  do {
    await skipHeader(source, where)
    gunzip.begin()
    await giveMember(source, gunzip, where)
  } while (await isAnother(source))
}

// Two inputs are on loan at most, as of a source that lends: while one is inflated, the next is read and given.
async function giveMember(source: Rewindable, gunzip: NativeGunzip, where: string): Promise<void> {
  const give = async () => {
    const input = await source.next()
    return input && { input, back: gunzip.give(input) }
  }
  for (let next = give(); ; ) {
    const given = await next
    if (given === undefined) throw cut(where)
    next = give()
    // What is wrong with it is told after what is wrong with this one.
    next.catch(() => undefined)
    const [left, state] = await given.back
    if (state === 'more') continue
    if (state !== 'end') throw invalid(where, state)
    const unused = await next
    await unused?.back
    if (unused) source.putBack(unused.input)
    return source.putBack(given.input.subarray(given.input.length - left))
  }
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
