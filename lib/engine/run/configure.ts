import { isAbsolute, join } from 'node:path'
import { runtimeSpecFor } from '../../bundle/fromImage.ts'
import type { Accounts } from '../../bundle/user.ts'
import { OciError } from '../../errors.ts'
import type { ImageConfig, ProcessDefaults } from '../../spec/imageConfig.ts'
import type { Mount, RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { capabilitiesOf } from '../capabilities.ts'
import type { RunRequest } from './request.ts'

/** Settings of a network namespace of its own: any user may listen on any port, and ping. */
const SYSCTL = { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' }

/** What is run: the image's defaults with what the request says instead. Throws `ARGUMENT_INVALID` when nothing is left. */
export function processDefaults(image: ProcessDefaults = {}, request: RunRequest): ProcessDefaults {
  const { args = [], entrypoint, env = [], workdir, user } = request
  const own = entrypoint === undefined
  // One empty word is none: in an image, too, for Docker.
  const program = own ? (image.Entrypoint ?? []) : [entrypoint]
  const result = {
    ...image,
    Entrypoint: program.length === 1 && program[0] === '' ? [] : program,
    // Another entrypoint makes nothing of a command that was written for the image's.
    Cmd: args.length > 0 ? [...args] : own ? (image.Cmd ?? []) : [],
    Env: withEntries(image.Env ?? [], env),
    WorkingDir: workdir ?? image.WorkingDir,
    User: user ?? image.User,
    // Volumes of the image are folders of ours, not memory.
    Volumes: undefined,
  }
  if (result.Entrypoint.length + result.Cmd.length === 0)
    throw new OciError('ARGUMENT_INVALID', 'no command specified', { where: request.image, want: 'a command' })
  if (workdir !== undefined && !isAbsolute(workdir))
    throw new OciError(
      'ARGUMENT_INVALID',
      `the working directory '${workdir}' is invalid, it needs to be an absolute path`,
      { got: workdir, where: '--workdir' },
    )
  return result
}

/** The configuration of a container of Docker's kind: its host's name, its capabilities, its own files in /etc. */
export function configFor(
  image: ImageConfig,
  accounts: Accounts,
  {
    hostname,
    terminal,
    mounts,
    ownNetwork,
  }: { hostname: string; terminal: boolean; mounts: Mount[]; ownNetwork: boolean },
): RuntimeConfig {
  const config = runtimeSpecFor(image, accounts)
  const process = config.process!
  const env = (process.env ?? []).filter(entry => terminal || entry !== 'TERM=xterm')
  const has = (name: string) => env.some(entry => entry.startsWith(`${name}=`))
  return {
    ...config,
    hostname,
    process: {
      ...process,
      terminal,
      env: [...env, ...(has('HOSTNAME') ? [] : [`HOSTNAME=${hostname}`])],
      capabilities: capabilitiesOf(process.user),
      noNewPrivileges: false,
      rlimits: [],
    },
    mounts: [...(config.mounts ?? []), ...mounts],
    linux: { ...config.linux, ...(ownNetwork && { sysctl: SYSCTL }) },
  }
}

/** Which network namespace the container is in: one of its own, that at a path, or (`host`) none but the host's. */
export function withNetns(config: RuntimeConfig, netns: string | undefined, host: boolean): RuntimeConfig {
  const others = (config.linux?.namespaces ?? []).filter(({ type }) => type !== 'network')
  const network = { type: 'network' as const, ...(netns !== undefined && { path: netns }) }
  return { ...config, linux: { ...config.linux, namespaces: host ? others : [...others, network] } }
}

/** Files of the container's own in the place of the image's. */
export function etcMounts(folder: string, namedBy = folder): Mount[] {
  return ['resolv.conf', 'hostname', 'hosts'].map(name => ({
    destination: `/etc/${name}`,
    type: 'bind',
    source: join(name === 'hostname' ? namedBy : folder, name),
    options: ['rbind', 'rprivate'],
  }))
}

/** `NAME=value` entries over others; `NAME` alone takes ours, where we have one. ≙ docker run --env */
function withEntries(entries: readonly string[], added: readonly string[]): string[] {
  const result = new Map(entries.map(entry => [nameOf(entry), entry]))
  for (const entry of added) {
    const ours = process.env[entry]
    if (entry.startsWith('=') || entry === '')
      throw new OciError('ARGUMENT_INVALID', `invalid environment variable: ${entry}`, { got: entry, where: '--env' })
    if (entry.includes('=')) result.set(nameOf(entry), entry)
    else if (ours !== undefined) result.set(entry, `${entry}=${ours}`)
    else result.delete(entry)
  }
  return [...result.values()]
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0]!
}
