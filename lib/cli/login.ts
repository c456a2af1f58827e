import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Command, Option } from 'commander'
import { OciError } from '../errors.ts'
import { login } from '../transport/registry/auth/login.ts'
import { bool } from './imageFlags.ts'
import { session } from './session.ts'

interface LoginFlags {
  username?: string
  password?: string
  passwordStdin?: boolean
  authfile?: string
  tlsVerify?: string
}

export function command(): Command {
  return new Command()
    .description('Keeps a name and password for a registry where docker and podman find them (docker login).')
    .argument('[registry]', 'HOST[:PORT]', 'docker.io')
    .option('-u, --username <user>')
    .option('-p, --password <password>', 'better: --password-stdin, which is in no history')
    .option('--password-stdin', 'read the password from stdin')
    .option('--authfile <file>', 'where to keep it (docker’s config.json, or $REGISTRY_AUTH_FILE)')
    .addOption(new Option('--tls-verify <bool>', 'false: accept plain HTTP and any certificate').argParser(bool))
    .action(async (registry: string, flags: LoginFlags) => {
      const credentials = { username: await userOf(flags), password: await passwordOf(flags) }
      const insecure = flags.tlsVerify === 'false'
      await session({ quiet: true }, options =>
        login(registry, credentials, { ...options, insecure, authFile: flags.authfile }),
      )
      process.stdout.write('Login Succeeded\n')
    })
}

async function userOf({ username }: LoginFlags): Promise<string> {
  if (username !== undefined) return username
  if (process.stdin.isTTY) return ask('Username: ', false)
  throw new OciError('ARGUMENT_INVALID', '--username: missing, and there is no terminal to ask on', {})
}

async function passwordOf({ password, passwordStdin }: LoginFlags): Promise<string> {
  if (passwordStdin && password !== undefined)
    throw new OciError('ARGUMENT_INVALID', '--password and --password-stdin: choose one', {})
  if (passwordStdin) return readFileSync(0, 'utf8').replace(/\r?\n$/, '')
  if (password !== undefined) return password
  if (process.stdin.isTTY) return ask('Password: ', true)
  throw new OciError('ARGUMENT_INVALID', '--password-stdin: missing, and there is no terminal to ask on', {})
}

/** Asks on the terminal; a secret is not shown while it is typed. */
async function ask(question: string, secret: boolean): Promise<string> {
  process.stderr.write(question)
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: secret ? silence : process.stderr, terminal: true })
  try {
    return await lines.question('')
  } finally {
    lines.close()
    if (secret) process.stderr.write('\n')
  }
}
