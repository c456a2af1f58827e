import { dirname } from 'node:path'
import { removeRecord } from './end.ts'
import { homeOf, readRecord } from './store.ts'
import { hasSupervisor } from './supervisor.ts'

/**
 * Removes those of a lab's containers, by their folders, that somebody stays with: until his container has ended he writes
 * into its folder, and what is taken away under his hands is there again. What cannot be removed stays. ≙ docker rm --force
 */
export async function endAttended(lab: string, folders: readonly string[]): Promise<void> {
  await Promise.allSettled(folders.map(folder => endOne(lab, folder)))
}

async function endOne(lab: string, folder: string): Promise<void> {
  const [, containers = '', id = ''] = /^(.*\/containers)\/([0-9a-f]{64})$/.exec(folder) ?? []
  const home = homeOf(lab, dirname(dirname(containers)))
  if (home.containers !== containers) return
  const record = readRecord(home, id)
  if (record && hasSupervisor(record)) await removeRecord(home, record, { force: true, withPod: true })
}
