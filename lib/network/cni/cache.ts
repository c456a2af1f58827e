import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isSystemError } from '../../errors.ts'
import type { CniResult } from './result.ts'

/** Where libcni keeps what DEL, CHECK and GC must know of an ADD: below it, `results/NETWORK-CONTAINER-IFNAME`. */
export const CACHE_FOLDER = '/var/lib/cni'

const KIND = 'cniCacheV1'

/** One attachment, in libcni's own words: cnitool and we find each other's. */
export interface Attachment {
  readonly network: string
  readonly containerId: string
  readonly ifName: string
  readonly netns: string
  /** The text of the network's configuration. */
  readonly config: string
  readonly args?: readonly (readonly [string, string])[]
  readonly capabilityArgs?: Readonly<Record<string, unknown>>
  /** None while ADD has not ended. */
  readonly result?: CniResult
}

export type AttachmentKey = Pick<Attachment, 'network' | 'containerId' | 'ifName'>

// /var/lib/cni/results/mynet-cnitool-77383ca0a0715733ca6f-eth0
export function attachmentFile(folder: string, { network, containerId, ifName }: AttachmentKey): string {
  return join(folder, 'results', `${network}-${containerId}-${ifName}`)
}

/** Written beside and renamed: a crash leaves the one before, or the whole. */
export function writeAttachment(file: string, attachment: Attachment): void {
  const { network, containerId, ifName, netns, config, args, capabilityArgs, result } = attachment
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const beside = join(dirname(file), `.${process.pid}.new`)
  const cached = {
    kind: KIND,
    containerId,
    config: Buffer.from(config).toString('base64'),
    ifName,
    networkName: network,
    netns,
    ...(args?.length && { cniArgs: args }),
    ...(capabilityArgs && { capabilityArgs }),
    ...(result && { result }),
  }
  writeFileSync(beside, JSON.stringify(cached), { mode: 0o600 })
  renameSync(beside, file)
}

/** What is known of an attachment; nothing when there is no file, or one that is not libcni's. */
export function readAttachment(file: string): Attachment | undefined {
  try {
    const cached = JSON.parse(readFileSync(file, 'utf8'))
    if (cached.kind !== KIND) return undefined
    return {
      network: cached.networkName,
      containerId: cached.containerId,
      ifName: cached.ifName,
      netns: cached.netns ?? '',
      config: Buffer.from(cached.config ?? '', 'base64').toString(),
      args: cached.cniArgs,
      capabilityArgs: cached.capabilityArgs,
      result: cached.result,
    }
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || error instanceof SyntaxError) return undefined
    throw error
  }
}

export function removeAttachment(file: string): void {
  rmSync(file, { force: true })
}

/** Every attachment that is remembered, of all networks. */
export function attachments(folder: string): Attachment[] {
  const results = join(folder, 'results')
  try {
    const files = readdirSync(results).filter(name => !name.startsWith('.'))
    return files.sort().flatMap(name => readAttachment(join(results, name)) ?? [])
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}
