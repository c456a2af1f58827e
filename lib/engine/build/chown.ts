import { OciError } from '../../errors.ts'
import type { Layer } from '../../image/image.ts'
import type { LayerTree } from '../../image/tree.ts'
import type { Owner } from './changes.ts'
import { readText } from './imageSource.ts'

const LARGEST = 1 << 20

/** `--chown=USER[:GROUP]`; names are the image's own. Without a group it is the one called like the user. Throws `ARGUMENT_INVALID`. */
export async function resolveChown(text: string, tree: LayerTree, layers: readonly Layer[]): Promise<Owner> {
  const parts = text.split(':')
  if (parts.length > 2) throw invalid(text, 'invalid chown string')
  const [user = '', group = user] = parts
  return {
    uid: await idOf(user, 'user', 'etc/passwd'),
    gid: await idOf(group || user, 'group', 'etc/group'),
  }

  async function idOf(name: string, kind: 'user' | 'group', file: string): Promise<number> {
    if (/^\d+$/.test(name)) return Number(name)
    const lines = (await readText(tree, layers, file, LARGEST)).split('\n').map(line => line.split(':'))
    const id = lines.find(fields => fields[0] === name)?.[2]
    if (id !== undefined && /^\d+$/.test(id)) return Number(id)
    throw invalid(text, `can't find ${kind === 'user' ? 'uid' : 'gid'} for ${kind} ${name}: no such ${kind}: ${name}`)
  }
}

/** `--chmod=755`. Throws `ARGUMENT_INVALID`. */
export function parseChmod(text: string): number {
  if (/^[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8)
  throw new OciError('ARGUMENT_INVALID', `--chmod: want an octal mode such as 0755, got ${JSON.stringify(text)}`, {
    want: '0755',
    got: text,
  })
}

function invalid(text: string, what: string): OciError {
  return new OciError('ARGUMENT_INVALID', `unable to convert uid/gid chown string to host mapping: ${what}`, {
    got: text,
  })
}
