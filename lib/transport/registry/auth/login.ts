import { RegistryError } from '../../../errors.ts'
import { type Options, say } from '../../../events.ts'
import { RegistryClient } from '../client.ts'
import type { HttpOptions } from '../http/client.ts'
import { type AuthFile, authFiles, changeAuthFile, loginFile, readAuthFile } from './authFile.ts'
import { credentialProgram } from './credentialProgram.ts'
import { type Credentials, serverName } from './credentials.ts'

export interface LoginOptions extends Options, HttpOptions {
  /** The file to keep the credentials in; docker's own by default. ≙ `--authfile` */
  authFile?: string
  environment?: NodeJS.ProcessEnv
}

/** Tries a name and password at a registry and, if they are good, keeps them where docker does. ≙ `docker login`. Throws `UNAUTHORIZED`. */
export async function login(domain: string, credentials: Credentials, options: LoginOptions = {}): Promise<void> {
  say(options, `docker login --username ${credentials.username} --password-stdin ${domain}`)
  const client = new RegistryClient(domain, '', { ...options, credentials })
  try {
    await client.checkIn()
  } finally {
    client.close()
  }
  const environment = options.environment ?? process.env
  const path = options.authFile ?? loginFile(environment)
  const server = serverName(domain)
  const helper = helperOf(readAuthFile(path), domain)
  // In the file only the name stays: docker lists its registries by it.
  if (helper) credentialProgram(helper, environment).store(server, credentials)
  const { username, password, identityToken } = credentials
  const auth = Buffer.from(`${username}:${password}`).toString('base64')
  const entry = helper ? {} : { auth, ...(identityToken && { identitytoken: identityToken }) }
  await changeAuthFile(path, file => ({ ...file, auths: { ...file.auths, [server]: entry } }))
}

/** Forgets what `login` kept, wherever it is. ≙ `docker logout`. Throws `UNAUTHORIZED` when nobody was logged in. */
export async function logout(domain: string, options: LoginOptions = {}): Promise<void> {
  say(options, `docker logout ${domain}`)
  const environment = options.environment ?? process.env
  const server = serverName(domain)
  let wasIn = false
  for (const path of options.authFile ? [options.authFile] : authFiles(environment)) {
    const file = readAuthFile(path)
    if (file.auths?.[server] === undefined) continue
    wasIn = true
    const helper = helperOf(file, domain)
    if (helper) credentialProgram(helper, environment).erase(server)
    await changeAuthFile(path, ({ auths = {}, ...rest }) => {
      const { [server]: _gone, ...others } = auths
      return { ...rest, auths: others }
    })
  }
  if (!wasIn) throw new RegistryError('UNAUTHORIZED', `not logged in to ${domain}`, { where: domain })
}

function helperOf({ credHelpers = {}, credsStore }: AuthFile, domain: string): string | undefined {
  return credHelpers[domain] ?? credHelpers[serverName(domain)] ?? credsStore
}
