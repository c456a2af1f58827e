import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Everything a test may compare of one file. */
export interface Seen {
  type: string
  mode: string
  owner: string
  mtime?: string
  links?: number
  device?: string
  target?: string
  sha256?: string
}

const TYPES = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
  [0o020000, 'character'],
  [0o060000, 'block'],
  [0o010000, 'fifo'],
])

/** A tree as a test sees it, by path; names are latin1, one character a byte. */
export function readTree(folder: string): Record<string, Seen> {
  const tree: Map<string, Seen> = new Map()
  const visit = (path: Buffer, name: string) => {
    const stat = lstatSync(path, { bigint: true })
    const type = TYPES.get(Number(stat.mode) & 0o170000) ?? 'other'
    tree.set(name, {
      type,
      mode: (Number(stat.mode) & 0o7777).toString(8),
      owner: `${stat.uid}:${stat.gid}`,
      mtime: String(stat.mtimeNs),
      ...(type === 'file' && {
        links: Number(stat.nlink),
        sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
      }),
      ...(type === 'symlink' && { target: readlinkSync(path, 'latin1') }),
      ...((type === 'character' || type === 'block') && { device: String(stat.rdev) }),
    })
    if (type !== 'directory') return
    for (const child of readdirSync(path, 'buffer').sort(Buffer.compare)) {
      const below = Buffer.concat([path, Buffer.from('/'), child])
      visit(below, `${name === '.' ? '' : `${name}/`}${child.toString('latin1')}`)
    }
  }
  visit(Buffer.from(folder), '.')
  // An entry of its own, even for a file called __proto__.
  return Object.fromEntries(tree)
}

/** All extended attributes below a folder. ≙ `getfattr -R` */
export function readXattrs(folder: string): string {
  return execFileSync('getfattr', ['--recursive', '--no-dereference', '--dump', '--match=-', '--encoding=hex', '.'], {
    cwd: folder,
    encoding: 'utf8',
  })
    .split('\n\n')
    .sort()
    .join('\n\n')
}
