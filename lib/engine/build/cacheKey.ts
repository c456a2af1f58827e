import type { TarTime } from '../../bytes/tar.ts'
import { type Digest, digestOf } from '../../spec/digest.ts'
import { goJson } from '../../spec/goJson.ts'

/** All that what an instruction makes depends on; equal keys make equal images. */
export interface CacheKey {
  /** The image it builds on. */
  readonly parent: string
  /** The instruction with its variables replaced, and the digests of what it copies in place of names. */
  readonly createdBy: string
  /** The rest, by name. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** SOURCE_DATE_EPOCH. */
  readonly epoch: number | undefined
}

export function keyDigest(key: CacheKey): Digest {
  return digestOf(goJson([key.parent, key.createdBy, key.inputs, key.epoch ?? null]))
}

/** The time of a build: now, or always the same one. */
export interface BuildTimes {
  readonly epoch: number | undefined
  /** RFC 3339. */
  now(): string
  /** The time of folders an instruction makes, and the latest that files may have. */
  layerTimes(): { now: TarTime; latest?: TarTime }
}

/** `epoch`: seconds since 1970, from SOURCE_DATE_EPOCH (reproducible-builds.org): then no time is later. */
export function buildTimes(epoch: number | undefined): BuildTimes {
  const fixed = epoch === undefined ? undefined : { seconds: epoch, nanoseconds: 0 }
  return {
    epoch,
    now: () => new Date(epoch === undefined ? Date.now() : epoch * 1000).toISOString().replace(/\.000Z$/, 'Z'),
    layerTimes: () =>
      fixed ? { now: fixed, latest: fixed } : { now: { seconds: Math.floor(Date.now() / 1000), nanoseconds: 0 } },
  }
}
