import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { writeFileAtomically } from '../../../bytes/file.ts'
import { isSystemError, OciError } from '../../../errors.ts'
import { parseJson } from '../../../spec/goJson.ts'
import { withLock } from '../../lock.ts'
import { makeFolder } from '../../staging.ts'

/** docker's config.json and podman's auth.json, as far as it is about registries; what else is in it stays. containers-auth.json(5) */
export interface AuthFile {
  auths?: Record<string, AuthEntry>
  credHelpers?: Record<string, string>
  credsStore?: string
}

export interface AuthEntry {
  /** base64 of `user:password` */
  auth?: string
  identitytoken?: string
}

/** Where credentials may be, the most particular first. containers-auth.json(5), docker login. */
export function authFiles(environment: NodeJS.ProcessEnv): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, DOCKER_CONFIG, HOME } = environment
  if (REGISTRY_AUTH_FILE) return [REGISTRY_AUTH_FILE]
  const home = HOME ?? homedir()
  const containers = XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, 'containers/auth.json')] : []
  return [
    ...containers,
    join(home, '.config/containers/auth.json'),
    join(DOCKER_CONFIG ?? join(home, '.docker'), 'config.json'),
  ]
}

/** The file that `login` writes: the one that docker reads too, unless the environment names another. */
export function loginFile(environment: NodeJS.ProcessEnv): string {
  const { REGISTRY_AUTH_FILE, DOCKER_CONFIG, HOME } = environment
  return REGISTRY_AUTH_FILE || join(DOCKER_CONFIG ?? join(HOME ?? homedir(), '.docker'), 'config.json')
}

/** A file that is not there has nothing in it. Throws `CONFIG_INVALID`. */
export function readAuthFile(path: string): AuthFile {
  let raw: Buffer
  try {
    raw = readFileSync(path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return {}
    throw error
  }
  const file = parseJson(raw, path, 'CONFIG_INVALID')
  if (typeof file === 'object' && file !== null && !Array.isArray(file)) return file
  throw new OciError('CONFIG_INVALID', `${path}: want an object`, { where: path, want: 'an object', got: file })
}

/** Changes one registry's entry, and leaves all else as it was; two logins at once both count. */
export async function changeAuthFile(path: string, change: (file: AuthFile) => AuthFile): Promise<void> {
  await makeFolder(dirname(path))
  await withLock(`${path}.lock`, async () => {
    const changed = change(readAuthFile(path))
    // docker writes tabs; only the owner may read passwords.
    await writeFileAtomically(path, `${JSON.stringify(changed, null, '\t')}\n`, { mode: 0o600 })
  })
}
