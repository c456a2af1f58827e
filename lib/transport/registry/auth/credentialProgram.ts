import { OciError } from '../../../errors.ts'
import { parseJson } from '../../../spec/goJson.ts'
import type { Credentials } from './credentials.ts'

/** A program that keeps passwords for docker: `docker-credential-NAME`. docker-credential-helpers. */
export interface CredentialProgram {
  /** ≙ `echo SERVER | docker-credential-NAME get`; undefined for a server it knows nothing of. */
  get(server: string): Credentials | undefined
  store(server: string, credentials: Credentials): void
  erase(server: string): void
}

// What every helper says of a server it does not know.
const UNKNOWN = 'credentials not found in native keychain'
// Under this name a secret is an identity token.
const TOKEN_USER = '<token>'
const PATIENCE = 60_000

/** Throws `TOOL_MISSING` when used without being installed, `COMMAND_FAILED` when it fails; never says what it was given. */
export function credentialProgram(name: string, environment: NodeJS.ProcessEnv = process.env): CredentialProgram {
  const program = `docker-credential-${name}`
  return {
    get(server) {
      const output = run(program, 'get', server, environment)
      if (output === undefined) return undefined
      const { Username, Secret } = (parseJson(output, program, 'CONFIG_INVALID') ?? {}) as Record<string, unknown>
      if (typeof Username !== 'string' || typeof Secret !== 'string')
        throw new OciError('CONFIG_INVALID', `${program}: an answer without Username and Secret`, { where: program })
      return Username === TOKEN_USER
        ? { username: '', password: '', identityToken: Secret }
        : { username: Username, password: Secret }
    },
    store(server, { username, password, identityToken }) {
      const entry = identityToken
        ? { ServerURL: server, Username: TOKEN_USER, Secret: identityToken }
        : { ServerURL: server, Username: username, Secret: password }
      run(program, 'store', JSON.stringify(entry), environment)
    },
    erase: server => void run(program, 'erase', server, environment),
  }
}

function run(program: string, verb: string, input: string, env: NodeJS.ProcessEnv): Buffer | undefined {
  // What starts programs is loaded by the few who keep their passwords in one.
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const { status, stdout, stderr, error } = spawnSync(program, [verb], { input, env, timeout: PATIENCE })
  if ((error as NodeJS.ErrnoException)?.code === 'ENOENT')
    throw new OciError('TOOL_MISSING', `${program}: not installed here`, { want: program, where: program })
  if (status === 0) return stdout
  const said = [stdout, stderr].map(text => text?.toString().trim() ?? '').find(text => text !== '') ?? ''
  if (verb !== 'store' && said.includes(UNKNOWN)) return undefined
  const what = error?.message ?? (said || `exit code ${status}`)
  throw new OciError('COMMAND_FAILED', `${program} ${verb}: ${what}`, { where: program, got: status })
}
