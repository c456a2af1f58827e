import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isSystemError, OciError } from '../../errors.ts'
import { parseJson } from '../../spec/goJson.ts'

/** What somebody logged in with; an identity token stands for both. */
export interface Credentials {
  username: string
  password: string
  identityToken?: string
}

interface AuthFile {
  auths?: Record<string, { auth?: string; identitytoken?: string }>
  credHelpers?: Record<string, string>
  credsStore?: string
}

// Docker Hub's entry is older than the v2 API and still carries the name of the first.
const HUB = 'https://index.docker.io/v1/'

/** The credentials `docker login` or `podman login` left for a registry; undefined when there are none. */
export function findCredentials(domain: string, environment: NodeJS.ProcessEnv = process.env): Credentials | undefined {
  for (const path of authFiles(environment)) {
    const found = inFile(readAuthFile(path), domain)
    if (found) return found
  }
  return undefined
}

/** Where credentials may be, the most particular first. containers-auth.json(5), docker login. */
function authFiles({ REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, DOCKER_CONFIG }: NodeJS.ProcessEnv): string[] {
  if (REGISTRY_AUTH_FILE) return [REGISTRY_AUTH_FILE]
  const containers = XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, 'containers/auth.json')] : []
  return [
    ...containers,
    join(homedir(), '.config/containers/auth.json'),
    join(DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json'),
  ]
}

function readAuthFile(path: string): AuthFile {
  try {
    return parseJson(readFileSync(path), path, 'CONFIG_INVALID') as AuthFile
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return {}
    throw error
  }
}

function inFile({ auths = {}, credHelpers = {}, credsStore }: AuthFile, domain: string): Credentials | undefined {
  const keys =
    domain === 'docker.io' ? [HUB, 'docker.io', 'index.docker.io'] : [domain, `https://${domain}`, `http://${domain}`]
  for (const key of keys) {
    const helper = credHelpers[key] ?? (key in auths || keys[0] === key ? credsStore : undefined)
    const found = helper ? fromHelper(helper, key) : fromEntry(auths[key])
    if (found) return found
  }
  return undefined
}

function fromEntry(entry: { auth?: string; identitytoken?: string } | undefined): Credentials | undefined {
  if (!entry?.auth) return undefined
  const text = Buffer.from(entry.auth, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  return {
    username: text.slice(0, colon),
    password: text.slice(colon + 1).replace(/\0+$/, ''),
    identityToken: entry.identitytoken,
  }
}

/** ≙ `echo SERVER | docker-credential-NAME get` */
function fromHelper(name: string, server: string): Credentials | undefined {
  const program = `docker-credential-${name}`
  try {
    const output = execFileSync(program, ['get'], { input: server, stdio: ['pipe', 'pipe', 'ignore'] })
    const { Username, Secret } = parseJson(output, program, 'CONFIG_INVALID') as { Username: string; Secret: string }
    return Username === '<token>'
      ? { username: '', password: '', identityToken: Secret }
      : { username: Username, password: Secret }
  } catch (error) {
    if (isSystemError(error, 'ENOENT'))
      throw new OciError(
        'TOOL_MISSING',
        `${program}: not installed here`,
        { want: program, where: server },
        { cause: error },
      )
    // A helper that knows nothing of this server says so with its exit code.
    if ((error as { status?: number }).status) return undefined
    throw error
  }
}
