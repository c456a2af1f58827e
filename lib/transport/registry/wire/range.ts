import { OciError } from '../../../errors.ts'

/** Some bytes of a blob: the end is exclusive here, though on the wire it is inclusive. */
export interface ByteRange {
  start: number
  end: number
}

/** `Range: bytes=5-9`; without an end, to the last byte. RFC 9110 § 14.2. */
export function writeRange({ start, end }: { start: number; end?: number }): string {
  return `bytes=${start}-${end === undefined ? '' : end - 1}`
}

/** `bytes=5-`, `bytes=5-9` or `bytes=-3` of something of `size` bytes; undefined for forms a server may ignore. Throws `SIZE_INVALID` for what is not there. */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size)
  // RFC 9110 would let a server ignore a range that ends before it begins; the conformance tests want it refused.
  if (start >= end)
    throw new OciError('SIZE_INVALID', `range ${header}: no such bytes (want below ${size})`, {
      want: size,
      got: header,
    })
  return { start, end }
}

/** `Content-Range: bytes 5-9/100` of an answer 206. RFC 9110 § 14.4. */
export function writeContentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`
}

/** `START-END` of an upload's chunk, as the spec has it, or HTTP's `bytes START-END/SIZE`; undefined for anything else. */
export function parseContentRange(header: string): (ByteRange & { size?: number }) | undefined {
  const [, start, last, size] = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/(\d+|\*))?$/.exec(header) ?? []
  if (start === undefined || last === undefined || Number(last) < Number(start)) return undefined
  const range = { start: Number(start), end: Number(last) + 1 }
  return size === undefined || size === '*' ? range : { ...range, size: Number(size) }
}

/** `Content-Range` of an upload's chunk. distribution-spec § Pushing a blob in chunks. */
export function writeChunkRange({ start, end }: ByteRange): string {
  return `${start}-${end - 1}`
}

/** `Range: 0-END` of an upload: how much is there. Of nothing it cannot speak: docker writes `0-0` for that, too. */
export function writeUploadRange(size: number): string {
  return `0-${Math.max(size - 1, 0)}`
}

/** The bytes a registry has of an upload, by its `Range`; undefined when it does not say. `0-0` may mean none, or one. */
export function parseUploadRange(header: string | undefined): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(header ?? '')?.[1]
  if (last === undefined) return undefined
  return last === '0' ? 0 : Number(last) + 1
}
