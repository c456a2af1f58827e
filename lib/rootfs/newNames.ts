import type { TarHeader } from '../bytes/tar.ts'

/** A file, folder or symlink without extended attributes. */
export interface NewName {
  /** Below the root, as `pathBelow` gives it. */
  path: string
  entry: TarHeader
}

// The other half of this is in native/newNames.cc.
const KINDS = new Map([
  ['file', 0],
  ['directory', 1],
  ['symlink', 2],
])
const HEADER = 40
const AS_IT_COMES = 2 ** 32 - 1

// Large enough that a thread's start is nothing beside the work, small enough that both threads are soon at work.
const BATCH_BYTES = 1 << 20
const BATCH_NAMES = 512

/** Files, folders and symlinks that are not there yet, it is hoped, written down for `make` of a native root. */
export class NewNames {
  readonly names: NewName[] = []
  private readonly keepsOwners: boolean
  private readonly batch = Buffer.allocUnsafeSlow(BATCH_BYTES)
  private readonly starts: number[] = []
  private end = 0

  constructor(keepsOwners: boolean) {
    this.keepsOwners = keepsOwners
  }

  /** False when there is no room left for it. `data` is a file's contents, or where a symlink points; it is copied, for it may be lent. */
  add(name: NewName, data: Uint8Array): boolean {
    const { path, entry } = name
    const length = HEADER + path.length + data.length
    if (this.names.length === BATCH_NAMES || this.end + length > BATCH_BYTES) return false
    const { batch, end: at } = this
    const { seconds } = entry.mtime
    batch.writeInt32LE(seconds | 0, at)
    batch.writeInt32LE(Math.floor(seconds / 2 ** 32) | 0, at + 4)
    batch.writeUInt32LE(entry.mtime.nanoseconds, at + 8)
    batch.writeUInt32LE(KINDS.get(entry.type)!, at + 12)
    batch.writeUInt32LE(this.keepsOwners ? entry.uid : AS_IT_COMES, at + 16)
    batch.writeUInt32LE(this.keepsOwners ? entry.gid : AS_IT_COMES, at + 20)
    batch.writeUInt32LE(entry.mode, at + 24)
    batch.writeUInt32LE(path.length, at + 28)
    batch.writeUInt32LE(data.length, at + 32)
    batch.write(path, at + HEADER, 'latin1')
    batch.set(data, at + HEADER + path.length)
    this.names.push(name)
    this.starts.push(at)
    this.end += length
    return true
  }

  /** What is written down from one of the names on. */
  from(name: number): Uint8Array {
    return this.batch.subarray(this.starts[name] ?? this.end, this.end)
  }

  dataOf(name: number): Uint8Array {
    const at = this.starts[name]! + HEADER + this.names[name]!.path.length
    return this.batch.subarray(at, this.starts[name + 1] ?? this.end)
  }

  clear(): void {
    this.names.length = 0
    this.starts.length = 0
    this.end = 0
  }
}
