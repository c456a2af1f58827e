import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { compare } from 'bcryptjs'
import { OciError } from '../../../errors.ts'
import { equal } from './jwt.ts'

/** Tells whether somebody is who they say. */
export type Users = (username: string, password: string) => Promise<boolean>

/** Users whose passwords are written in a program. */
export function plainUsers(passwords: Readonly<Record<string, string>>): Users {
  return async (username, password) => Object.hasOwn(passwords, username) && equal(passwords[username]!, password)
}

// For a name that is not there: to look takes as long as for one that is.
const NOBODY = '$2b$10$C6UzMDM.H6dfI/f/IKcEeO7ZTLG2QZ6kTnC1JQ1r7gqv0e4sGRxnW'
const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/
const REMEMBERED = 1000

/**
 * Users of a file that `htpasswd -B` wrote; it is read again when it has changed.
 * Throws `CONFIG_INVALID` for a file that can't be read, or a line whose password is not bcrypt.
 */
export function htpasswdUsers(path: string): Users {
  let read = { signature: '', hashes: new Map<string, string>() }
  // bcrypt is slow on purpose, and clients send their password with every request.
  const remembered = new Set<string>()
  const key = randomBytes(32)
  const hashes = () => {
    const signature = signatureOf(path)
    if (signature !== read.signature) {
      read = { signature, hashes: parseHtpasswd(readFileSync(path, 'utf8'), path) }
      remembered.clear()
    }
    return read.hashes
  }
  hashes()
  return async (username, password) => {
    const hash = hashes().get(username)
    const mark = createHmac('sha256', key)
      .update(JSON.stringify([username, password]))
      .digest('base64')
    if (hash !== undefined && remembered.has(mark)) return true
    const right = await compare(password, hash ?? NOBODY)
    if (hash === undefined || !right) return false
    if (remembered.size >= REMEMBERED) remembered.clear()
    remembered.add(mark)
    return true
  }
}

/** `NAME:HASH` a line; what begins with # is a remark. ≙ htpasswd(5), but bcrypt alone */
export function parseHtpasswd(text: string, where: string): Map<string, string> {
  const entries = new Map<string, string>()
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    const hash = line.slice(colon + 1).trim()
    if (colon < 1 || !BCRYPT.test(hash))
      throw new OciError('CONFIG_INVALID', `${where}:${i + 1}: want NAME:HASH with a bcrypt hash (htpasswd -B)`, {
        want: 'NAME:$2y$…',
        where,
      })
    entries.set(line.slice(0, colon), hash)
  }
  return entries
}

function signatureOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isFile())
    throw new OciError('CONFIG_INVALID', `${path}: no such file of users`, {
      where: path,
      hint: `htpasswd -Bc ${path} NAME`,
    })
  return `${found.ino}.${found.size}.${found.mtimeMs}`
}
