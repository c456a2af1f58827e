import { OciError } from '../errors.ts'
import { shown } from '../spec/parse.ts'
import type { RuntimeUser } from '../spec/runtimeConfig.ts'

/** The text of the image's own /etc/passwd and /etc/group, empty where it has none. */
export interface Accounts {
  passwd: string
  group: string
}

// Linux keeps ids in 32 bits and gives -1 a meaning; runtimes take what fits in a signed int.
const LARGEST_ID = 2 ** 31 - 1

/**
 * `user`, `uid`, `user:group`, … as numbers. A number is taken as it is; a name must be in the image.
 * Further groups come only with a named user who named no group. Throws `CONFIG_INVALID`. image-spec conversion.md § User.
 */
export function resolveUser(text: string, accounts: Accounts): { ids: RuntimeUser; home: string } {
  const users = table(accounts.passwd)
  const groups = table(accounts.group)
  const [name = '', group, ...more] = text.split(':')
  if (more.length > 0) required(undefined, text, 'user[:group]')
  const byNumber = id(name)
  const user = users.find(fields =>
    byNumber === undefined ? fields[0] === (name || 'root') : Number(fields[2]) === byNumber,
  )
  const uid = byNumber ?? (name === '' ? 0 : required(id(user?.[2] ?? ''), text, 'a user of the image'))
  const gid = group ? groupId(group, groups, text) : (id(user?.[3] ?? '') ?? 0)
  const further = byNumber === undefined && !group && name !== '' ? memberships(name, groups, gid) : []
  return { ids: { uid, gid, ...(further.length > 0 && { additionalGids: further }) }, home: user?.[5] || '/' }
}

function groupId(text: string, groups: string[][], whole: string): number {
  const number = id(text)
  if (number !== undefined) return number
  return required(id(groups.find(fields => fields[0] === text)?.[2] ?? ''), whole, 'a group of the image')
}

function memberships(user: string, groups: string[][], gid: number): number[] {
  const of = groups.filter(fields => (fields[3] ?? '').split(',').includes(user)).map(fields => id(fields[2] ?? ''))
  return of.filter((found): found is number => found !== undefined && found !== gid)
}

function table(text: string): string[][] {
  return text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => line.split(':'))
}

function id(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined
  const number = Number(text)
  if (number <= LARGEST_ID) return number
  throw new OciError(
    'CONFIG_INVALID',
    `config: User: id too large (want at most ${LARGEST_ID}, got ${text.slice(0, 60)})`,
    {
      want: LARGEST_ID,
      got: text,
    },
  )
}

function required(number: number | undefined, text: string, want: string): number {
  if (number !== undefined) return number
  throw new OciError('CONFIG_INVALID', `config: User: want ${want}, got ${shown(text)}`, { want, got: text })
}
