import type { TarHeader, TarType } from '../../bytes/tar.ts'

/** A member as it is written down: names are one character a byte, values of xattrs base64. */
type Row = [
  path: string,
  type: TarType,
  linkpath: string | null,
  mode: number,
  uid: number,
  gid: number,
  size: number,
  seconds: number,
  nanoseconds: number,
  devmajor: number,
  devminor: number,
  xattrs: [string, string][],
]

/** The members of a layer as JSON. */
export function writeHeaders(headers: readonly TarHeader[]): unknown {
  return headers.map(({ path, type, linkpath, mode, uid, gid, size, mtime, devmajor, devminor, xattrs }): Row => {
    const attributes = [...xattrs].map(([name, value]): [string, string] => [name, value.toString('base64')])
    const link = linkpath?.toString('latin1') ?? null
    const { seconds, nanoseconds } = mtime
    return [
      path.toString('latin1'),
      type,
      link,
      mode,
      uid,
      gid,
      size,
      seconds,
      nanoseconds,
      devmajor,
      devminor,
      attributes,
    ]
  })
}

export function parseHeaders(json: unknown): TarHeader[] {
  return (json as Row[]).map(
    ([path, type, link, mode, uid, gid, size, seconds, nanoseconds, devmajor, devminor, attributes]) => ({
      path: Buffer.from(path, 'latin1'),
      type,
      linkpath: link === null ? undefined : Buffer.from(link, 'latin1'),
      ...{ mode, uid, gid, size, devmajor, devminor },
      mtime: { seconds, nanoseconds },
      xattrs: new Map(attributes.map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    }),
  )
}
