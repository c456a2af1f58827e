import { existsSync, readdirSync } from 'node:fs'
import type { Undo } from '../events.ts'
import { checkLabId, labNames } from '../network/names.ts'
import { NETNS_FOLDER } from '../network/netns.ts'
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
  const network = process.platform === 'linux' ? await networkOf(options.netns) : { labs: [], links: [] }
  const labs = labId === undefined ? [...new Set([...journaledLabs(dir), 'default', ...network.labs])] : [labId]
  const found: Leak[] = []
  for (const lab of labs) found.push(...(await journaled(lab, dir)))
  const known = new Set(found.map(({ undo }) => undoKey(undo)))
  for (const lab of labs) {
    const undos = named(lab, network.links, options.netns).filter(undo => !known.has(undoKey(undo)))
    found.push(...undos.map(undo => ({ what: showUndo(undo), lab, undo })))
  }
  return found
}

/** The labs' links and namespaces that are on the host, by name: they need no journal to be found. */
async function networkOf(netns: string | undefined): Promise<{ labs: string[]; links: PlacedLink[] }> {
  const [host] = await topology([], { netns })
  const namespaces = existsSync(NETNS_FOLDER) ? readdirSync(NETNS_FOLDER) : []
  const labs = namespaces.flatMap(name => /^ocilab-(.+)$/.exec(name)?.[1] ?? [])
  return { labs, links: host?.links ?? [] }
}

async function journaled(lab: string, dir: string): Promise<Leak[]> {
  const found: Leak[] = []
  for (const { undo, pid } of liveChanges(lab, dir))
    if (await isThere(undo)) found.push({ what: showUndo(undo), lab, undo, pid })
  return found
}

function named(lab: string, links: readonly PlacedLink[], netns: string | undefined): Undo[] {
  const names = labNames(lab)
  const mine = links.filter(
    link => link.name === names.bridge || link.name === names.vethHost || link.name === names.vethGuest,
  )
  const undos: Undo[] = mine.map(link => ({ kind: 'link', name: link.name, ...(netns && { netns }) }))
  return existsSync(names.netnsPath) ? [...undos, { kind: 'netns', path: names.netnsPath }] : undos
}
