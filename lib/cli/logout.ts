import { Command } from 'commander'
import { logout } from '../transport/registry/auth/login.ts'
import { session } from './session.ts'

export function command(): Command {
  return new Command()
    .description('Forgets the name and password of a registry (docker logout).')
    .argument('[registry]', 'HOST[:PORT]', 'docker.io')
    .option('--authfile <file>', 'where it is kept (wherever docker and podman look)')
    .action(async (registry: string, { authfile }: { authfile?: string }) => {
      await session({ quiet: true }, options => logout(registry, { ...options, authFile: authfile }))
      process.stdout.write(`Removing login credentials for ${registry}\n`)
    })
}
