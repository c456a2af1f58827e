import { type AuthEntry, type AuthFile, authFiles, readAuthFile } from './authFile.ts'
import { credentialProgram } from './credentialProgram.ts'

/** What somebody logged in with; an identity token stands for both. */
export interface Credentials {
  username: string
  password: string
  identityToken?: string
}

// Docker Hub's entry is older than the v2 API and still carries the name of the first.
export const HUB = 'https://index.docker.io/v1/'

/** The credentials `docker login` or `podman login` left for a repository; undefined when there are none. */
export function findCredentials(
  domain: string,
  path = '',
  environment: NodeJS.ProcessEnv = process.env,
): Credentials | undefined {
  for (const name of authFiles(environment)) {
    const found = inFile(readAuthFile(name), domain, path, environment)
    if (found) return found
  }
  return undefined
}

/** The name under which a registry stands in the files. */
export function serverName(domain: string): string {
  return domain === 'docker.io' ? HUB : domain
}

function inFile(file: AuthFile, domain: string, path: string, environment: NodeJS.ProcessEnv): Credentials | undefined {
  const { auths = {}, credHelpers = {}, credsStore } = file
  const server = serverName(domain)
  // A helper of this one registry first, then entries, then the store for all that have an entry elsewhere.
  const own = credHelpers[domain] ?? credHelpers[server]
  if (own) return credentialProgram(own, environment).get(server)
  for (const key of keysFor(domain, path)) {
    const found = fromEntry(auths[key])
    if (found) return found
  }
  return credsStore ? credentialProgram(credsStore, environment).get(server) : undefined
}

/** podman keeps entries for repositories and namespaces, too: the longest that fits counts. */
function keysFor(domain: string, path: string): string[] {
  const parts = path.split('/').filter(part => part !== '')
  const spaces = parts.map((_part, index) => `${domain}/${parts.slice(0, parts.length - index).join('/')}`)
  const names = domain === 'docker.io' ? [HUB, 'docker.io', 'index.docker.io'] : [domain]
  return [...spaces, ...names, ...names.flatMap(name => [`https://${name}`, `http://${name}`, `https://${name}/v1/`])]
}

function fromEntry(entry: AuthEntry | undefined): Credentials | undefined {
  if (!entry?.auth && !entry?.identitytoken) return undefined
  const text = Buffer.from(entry.auth ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0 && !entry.identitytoken) return undefined
  return {
    username: text.slice(0, Math.max(colon, 0)),
    password: text.slice(colon + 1).replace(/\0+$/, ''),
    ...(entry.identitytoken && { identityToken: entry.identitytoken }),
  }
}
