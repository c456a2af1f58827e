/** Runs a network's chain of plugins, as SPEC.md § 3 and libcni do. */
import { isOciError, OciError, sentence } from '../../errors.ts'
import { emit, type Options, say } from '../../events.ts'
import { isNetns } from '../netns.ts'
import { linkExists } from '../undo.ts'
import {
  type Attachment,
  attachmentFile,
  attachments,
  CACHE_FOLDER,
  readAttachment,
  removeAttachment,
  writeAttachment,
} from './cache.ts'
import { type NetworkConfig, type PluginConfig, parseNetworkConfig } from './config.ts'
import { type CniCommand, execPlugin, findPlugin } from './exec.ts'
import { checkContainerId, checkIfName } from './names.ts'
import { asVersion, type CniResult } from './result.ts'
import { isAtLeast } from './version.ts'

/** Who is attached, and with what. */
export interface AttachmentParameters {
  readonly containerId: string
  /** Path of the container's network namespace. */
  readonly netns: string
  /** What the link is called inside; `eth0` when it is not said. */
  readonly ifName?: string
  /** CNI_ARGS. */
  readonly args?: readonly (readonly [string, string])[]
  /** By capability: `{ portMappings: [{ hostPort: 8080, containerPort: 80 }] }`. Each plugin gets those it says it can do. */
  readonly capabilityArgs?: Readonly<Record<string, unknown>>
}

export interface CniOptions extends Options {
  /** Folders in which plugins are: CNI_PATH. */
  readonly path: readonly string[]
  readonly cacheFolder?: string
}

/**
 * ≙ cnitool add: each plugin in turn, with what the one before it has answered. When one fails, the whole chain is told
 * DEL, so that nothing stays. Throws `CNI_FAILED` with the plugin's name and error, `TOOL_MISSING`, `NETWORK_EXISTS`.
 */
export async function addToNetwork(
  network: NetworkConfig,
  to: AttachmentParameters,
  options: CniOptions,
): Promise<CniResult> {
  const attachment = attachmentOf(network, to)
  const file = fileOf(attachment, options)
  if (readAttachment(file)?.result)
    throw new OciError(
      'NETWORK_EXISTS',
      `${network.name}: ${attachment.containerId} is attached already, as ${attachment.ifName}`,
      { where: network.name, got: attachment.ifName },
    )
  // One that is missing is said before the others change anything.
  for (const { type } of network.plugins) findPlugin(type, options.path)
  const undo = { kind: 'cni', file, path: options.path } as const
  // DEL would take away a link that was there before, and that somebody else has made.
  const others = isNetns(to.netns) && (await linkExists(attachment.ifName, to.netns))
  say(options, `cnitool add ${network.name} ${to.netns}`)
  emit(options, { type: 'change', undo })
  // Before the first plugin: who is killed between two of them has left word of it, for DEL and GC.
  writeAttachment(file, attachment)
  try {
    let result: CniResult = {}
    for (const [at, plugin] of network.plugins.entries())
      result = (await call('ADD', network, plugin, attachment, options, at === 0 ? undefined : result)) as CniResult
    writeAttachment(file, { ...attachment, result })
    return result
  } catch (error) {
    const left = others ? undefined : await delChain(network, attachment, options).catch(failed => failed as Error)
    if (left) throw withLeft(error, left)
    removeAttachment(file)
    emit(options, { type: 'undone', undo })
    throw error
  }
}

/** ≙ cnitool del: the chain backwards, with ADD's last answer. Twice is fine, and so is a namespace that is gone. */
export async function deleteFromNetwork(
  network: NetworkConfig,
  from: AttachmentParameters,
  options: CniOptions,
): Promise<void> {
  const given = attachmentOf(network, from)
  const file = fileOf(given, options)
  say(options, `cnitool del ${network.name} ${from.netns}`)
  await delChain(network, { ...given, result: readAttachment(file)?.result }, options)
  removeAttachment(file)
  emit(options, { type: 'undone', undo: { kind: 'cni', file, path: options.path } })
}

/** ≙ cnitool check: throws `CNI_FAILED` with what is not as ADD left it. A list with disableCheck is never asked. */
export async function checkNetwork(
  network: NetworkConfig,
  of: AttachmentParameters,
  options: CniOptions,
): Promise<void> {
  if (!isAtLeast(network.cniVersion, '0.4.0'))
    throw new OciError('CONFIG_INVALID', `${network.name}: CHECK needs cniVersion 0.4.0 (got ${network.cniVersion})`, {
      want: '0.4.0',
      got: network.cniVersion,
    })
  if (network.disableCheck) return
  const given = attachmentOf(network, of)
  const known = readAttachment(fileOf(given, options))
  if (known?.result === undefined)
    throw new OciError(
      'CONTAINER_UNKNOWN',
      `${network.name}: ${given.containerId} is not attached as ${given.ifName}`,
      {
        where: network.name,
        got: given.containerId,
      },
    )
  say(options, `cnitool check ${network.name} ${of.netns}`)
  for (const plugin of network.plugins) await call('CHECK', network, plugin, given, options, known.result)
}

/** ≙ cnitool status: throws `CNI_FAILED` (50, 51) while the network could not take a container. Before 1.1.0 nobody is asked. */
export async function networkStatus(network: NetworkConfig, options: CniOptions): Promise<void> {
  if (!isAtLeast(network.cniVersion, '1.1.0')) return
  for (const plugin of network.plugins)
    await execPlugin(plugin.type, request(network, plugin), { command: 'STATUS', ...options })
}

/** What {@link collectGarbage} leaves alone. */
export interface ValidAttachment {
  readonly containerID: string
  readonly ifname: string
}

/**
 * ≙ cnitool gc: tells DEL for every attachment that is remembered and not in the list, and, from 1.1.0 on, gives the list
 * to each plugin. Goes on when something fails, and throws `CNI_FAILED` at the end with all of it.
 */
export async function collectGarbage(
  network: NetworkConfig,
  valid: readonly ValidAttachment[],
  options: CniOptions,
): Promise<void> {
  if (network.disableGC) return
  const failed: unknown[] = []
  const trying = (work: Promise<unknown>) => work.catch(error => failed.push(error))
  const isValid = (one: Attachment) => valid.some(it => it.containerID === one.containerId && it.ifname === one.ifName)
  for (const stale of remembered(network, options).filter(one => !isValid(one)))
    await trying(deleteFromNetwork(network, stale, options))
  // The specification has the first name, libcni wrote the second for a while: both are read.
  const lists = { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid }
  if (isAtLeast(network.cniVersion, '1.1.0'))
    for (const plugin of network.plugins)
      await trying(execPlugin(plugin.type, { ...request(network, plugin), ...lists }, { command: 'GC', ...options }))
  if (failed.length === 0) return
  throw new OciError('CNI_FAILED', `${network.name}: not all could be cleared (${failed.map(sentence).join('; ')})`, {
    failed,
  })
}

/** The attachments of a network that are remembered, those of a crash too. */
export function remembered({ name }: NetworkConfig, { cacheFolder = CACHE_FOLDER }: CniOptions): Attachment[] {
  return attachments(cacheFolder).filter(({ network }) => network === name)
}

/** ≙ CNI_COMMAND=VERSION: what a plugin speaks. */
export async function pluginVersions(type: string, options: CniOptions): Promise<string[]> {
  const answer = await execPlugin(type, { cniVersion: '1.1.0' }, { command: 'VERSION', ...options })
  return (answer as { supportedVersions?: string[] } | undefined)?.supportedVersions ?? ['0.1.0']
}

/** Takes an attachment back that only its file tells of: after a crash. */
export async function deleteRemembered(file: string, path: readonly string[]): Promise<void> {
  const known = readAttachment(file)
  if (known) await delChain(parseNetworkConfig(known.config, file), known, { path })
  removeAttachment(file)
}

async function delChain(network: NetworkConfig, attachment: Attachment, options: CniOptions): Promise<void> {
  const previous = isAtLeast(network.cniVersion, '0.4.0') ? attachment.result : undefined
  for (const plugin of network.plugins.toReversed()) await call('DEL', network, plugin, attachment, options, previous)
}

function call(
  command: CniCommand,
  network: NetworkConfig,
  plugin: PluginConfig,
  attachment: Attachment,
  options: CniOptions,
  previous?: CniResult,
): Promise<unknown> {
  const { containerId, netns, ifName, args = [], capabilityArgs = {} } = attachment
  const able = Object.entries(plugin.capabilities ?? {}).filter(([name, can]) => can && name in capabilityArgs)
  const config = {
    ...request(network, plugin),
    ...(able.length > 0 && { runtimeConfig: Object.fromEntries(able.map(([name]) => [name, capabilityArgs[name]])) }),
    ...(previous && { prevResult: asVersion(previous, network.cniVersion) }),
  }
  const { path, signal } = options
  const line = args.map(pair => pair.join('=')).join(';')
  return execPlugin(plugin.type, config, { command, path, containerId, netns, ifName, args: line, signal })
}

/** SPEC.md § Deriving request configuration: the network's name and version, and all of the plugin's but its capabilities. */
function request({ name, cniVersion }: NetworkConfig, { capabilities: _, ...plugin }: PluginConfig): PluginConfig {
  return { ...plugin, type: plugin.type as string, name, cniVersion }
}

function attachmentOf(network: NetworkConfig, to: AttachmentParameters): Attachment {
  const { containerId, netns, ifName = 'eth0', args, capabilityArgs } = to
  checkContainerId(containerId)
  checkIfName(ifName)
  return { network: network.name, config: network.text, containerId, netns, ifName, args, capabilityArgs }
}

function fileOf(attachment: Attachment, { cacheFolder = CACHE_FOLDER }: CniOptions): string {
  return attachmentFile(cacheFolder, attachment)
}

function withLeft(error: unknown, left: Error): OciError {
  const [code, data] = isOciError(error) ? [error.code, error.data] : (['CNI_FAILED', {}] as const)
  return new OciError(
    code,
    `${sentence(error)}; and DEL after it: ${left.message}`,
    { ...data, left },
    { cause: error },
  )
}
