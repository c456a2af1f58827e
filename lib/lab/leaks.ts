import { existsSync, readdirSync } from 'node:fs'
import { isOciError } from '../errors.ts'
import type { Undo } from '../events.ts'
import { isLease } from '../network/addressing.ts'
import { checkLabId, labNames } from '../network/names.ts'
import { NETNS_FOLDER, netnsExists } from '../network/netns.ts'
import { tableNames } from '../network/nft.ts'
import { type PlacedLink, topology } from '../network/topology.ts'
import { journaledLabs, journalFolder, liveChanges, undoKey } from './journalFile.ts'
import { isThere, showUndo } from './takeBack.ts'

/** Something a lab has left on the host. */
export interface Leak {
  /** `link runc0` */
  readonly what: string
  readonly lab: string
  readonly undo: Undo
  /** The program that made it; unknown when it was not journaled, but has a name of the lab's. */
  readonly pid?: number
  /** How that program was called. */
  readonly command?: string
}

/** Where to look: tests have places of their own. */
export interface LeakOptions {
  /** Folder of the journals. */
  readonly dir?: string
  /** Path of the namespace that took the host's part. */
  readonly netns?: string
}

/**
 * What labs (or one lab) have left on the host: links, namespaces, mounts, containers and folders from their journals,
 * and what has the names of the labs' network, whoever made it.
 */
export async function leaks(labId?: string, options: LeakOptions = {}): Promise<Leak[]> {
  const dir = options.dir ?? journalFolder()
  if (labId !== undefined) checkLabId(labId)
  const [links, tables] = await seen(options.netns)
  const labs =
    labId === undefined ? [...new Set([...journaledLabs(dir), ...namedLabs(links, tables), 'default'])] : [labId]
  const found: Leak[] = []
  for (const lab of labs) {
    const journaled = await presentChanges(lab, dir)
    const known = new Set(journaled.map(({ undo }) => undoKey(undo)))
    const others = named(lab, links, tables, options.netns).filter(undo => !known.has(undoKey(undo)))
    found.push(...journaled, ...others.map(undo => ({ what: showUndo(undo), lab, undo })))
  }
  return found
}

async function presentChanges(lab: string, dir: string): Promise<Leak[]> {
  const present: Leak[] = []
  for (const change of liveChanges(lab, dir))
    if (await isThere(change.undo)) present.push({ what: showUndo(change.undo), lab, ...change })
  return present
}

/** What has the names of a lab's network, in the order it would have been made. */
function named(lab: string, links: readonly PlacedLink[], tables: readonly string[], netns?: string): Undo[] {
  const names = labNames(lab)
  const ours = ({ name, master }: PlacedLink) =>
    [names.bridge, names.vethHost, names.vethGuest].includes(name) || (master === names.bridge && isLease(name))
  const place = netns === undefined ? {} : { netns }
  // Deleting one end of a cable deletes the other.
  const guest = links.some(({ name }) => name === names.vethHost) ? names.vethGuest : undefined
  return [
    ...links
      .filter(link => ours(link) && link.name !== guest)
      .map(({ name }): Undo => ({ kind: 'link', name, ...place })),
    ...(netnsExists(names.netnsPath) ? [{ kind: 'netns', path: names.netnsPath } as const] : []),
    ...tables
      .filter(table => table === names.table || table.startsWith(`${names.table}_`))
      .map((table): Undo => ({ kind: 'nft', table, ...place })),
  ]
}

// Only what a name gives away: a lab whose id was hashed is known by its journal alone.
function namedLabs(links: readonly PlacedLink[], tables: readonly string[]): string[] {
  const bridges = links.map(({ name }) => /^runc-([a-z0-9]{1,7})$/.exec(name)?.[1])
  const spaces = existsSync(NETNS_FOLDER) ? readdirSync(NETNS_FOLDER) : []
  const tagged = tables.map(name => /^ocilab_([a-z0-9]{1,7})(_|$)/.exec(name)?.[1])
  const ids = [...bridges, ...tagged, ...spaces.map(name => /^ocilab-([A-Za-z0-9][\w.-]{0,63})$/.exec(name)?.[1])]
  return ids.filter(id => id !== undefined)
}

async function seen(netns?: string): Promise<[readonly PlacedLink[], readonly string[]]> {
  if (process.platform !== 'linux') return [[], []]
  const [[host], tables] = await Promise.all([ifAllowed(topology([], { netns })), ifAllowed(tableNames(netns))])
  return [host?.links ?? [], tables]
}

/** Who cannot ask the kernel, or may not, has not changed its network either. */
async function ifAllowed<T>(asked: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await asked
  } catch (error) {
    if (isOciError(error, 'NATIVE_MISSING') || isOciError(error, 'NOT_PERMITTED')) return []
    throw error
  }
}
