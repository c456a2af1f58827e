import { cniError } from '../error.ts'
import type { CniCommand } from '../exec.ts'
import { checkContainerId, checkIfName, checkNetwork } from '../names.ts'
import { asVersion, type CniResult } from '../result.ts'
import { isAtLeast, VERSIONS } from '../version.ts'

/** What a plugin was asked: its environment and its stdin, checked. */
export interface Asked {
  readonly command: Exclude<CniCommand, 'VERSION'>
  readonly containerId: string
  /** Empty at a DEL whose namespace is gone. */
  readonly netns: string
  readonly ifName: string
  /** CNI_ARGS, by name. */
  readonly args: Readonly<Record<string, string>>
  readonly path: readonly string[]
  readonly cniVersion: string
  readonly network: string
  readonly config: Config
  /** What the plugin before has answered, in today's words. */
  readonly prevResult?: CniResult
}

/** A plugin's configuration: the protocol's keys, and its own. */
export interface Config {
  readonly prevResult?: CniResult
  readonly runtimeConfig?: Readonly<Record<string, unknown>>
  readonly args?: { readonly cni?: Readonly<Record<string, unknown>> }
  readonly ipam?: { readonly type?: string }
  readonly [key: string]: unknown
}

const NEEDED = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
} as const

/** From which version on a command may be used. */
const SINCE = { ADD: '0.3.0', DEL: '0.3.0', CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' } as const

/** Reads a request. Throws `CNI_FAILED`: 1 version, 4 environment, 6 not JSON, 7 no name. */
export function parseRequest(env: NodeJS.ProcessEnv, stdin: string): Asked {
  const command = env.CNI_COMMAND ?? ''
  if (!isCommand(command)) throw cniError(4, 'invalid CNI_COMMAND', command === '' ? 'missing' : command)
  const missing = NEEDED[command].filter(name => !env[name])
  if (missing.length > 0) throw cniError(4, 'missing environment variables', missing.join(', '))
  const { CNI_CONTAINERID: containerId = '', CNI_IFNAME: ifName = '', CNI_NETNS: netns = '' } = env
  if (command !== 'GC' && command !== 'STATUS') {
    checkContainerId(containerId)
    checkIfName(ifName)
  }
  const config = parseConfig(stdin)
  checkNetwork(config.name)
  const cniVersion = String(config.cniVersion ?? '0.1.0')
  checkVersion(command, cniVersion)
  return {
    command,
    containerId,
    netns,
    ifName,
    args: parseArgs(env.CNI_ARGS),
    path: (env.CNI_PATH ?? '').split(':').filter(folder => folder !== ''),
    cniVersion,
    network: config.name,
    config,
    ...(config.prevResult && { prevResult: asVersion(config.prevResult, '1.1.0') }),
  }
}

/** Throws `CNI_FAILED` (2) for what this plugin cannot do: to go on without it would be worse. */
export function refuse(config: Readonly<Record<string, unknown>>, keys: readonly string[]): void {
  for (const key of keys) {
    const value = config[key]
    const off = value === undefined || value === false || value === 0 || value === ''
    if (!off) throw cniError(2, 'unsupported field', `${key}: ${JSON.stringify(value)}`)
  }
}

/** The attachments that GC must leave, as `CONTAINER/IFNAME`. */
export function validAttachments(config: Config): Set<string> {
  const list = config['cni.dev/valid-attachments'] ?? config['cni.dev/attachments'] ?? []
  return new Set((list as { containerID: string; ifname: string }[]).map(it => `${it.containerID}/${it.ifname}`))
}

function parseConfig(stdin: string): Config {
  try {
    const config = JSON.parse(stdin)
    if (typeof config === 'object' && config !== null) return config
    throw new SyntaxError(`not an object but ${stdin.slice(0, 40)}`)
  } catch (error) {
    throw cniError(6, 'the network configuration cannot be decoded', (error as Error).message, error)
  }
}

function checkVersion(command: keyof typeof SINCE, version: string): void {
  if (!(VERSIONS as readonly string[]).includes(version))
    throw cniError(1, 'incompatible CNI versions', `config is "${version}", plugin supports ${VERSIONS.join(', ')}`)
  if (!isAtLeast(version, SINCE[command])) throw cniError(1, `config version does not allow ${command}`, version)
}

/** Throws `CNI_FAILED` (4). `IgnoreUnknown` is what podman and containerd send with keys that are theirs alone. */
function parseArgs(text = ''): Record<string, string> {
  const pairs = text.split(';').filter(pair => pair !== '')
  const split = pairs.map(pair => pair.split('='))
  if (split.some(pair => pair.length !== 2)) throw cniError(4, 'invalid CNI_ARGS', text)
  return Object.fromEntries(split)
}

function isCommand(command: string): command is Asked['command'] {
  return command in NEEDED
}
