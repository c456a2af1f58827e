import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sweepStaging } from '../../transport/staging.ts'

/** Takes back what builds that were killed have left in a store. */
export async function sweepStore(folder: string): Promise<void> {
  for (const name of ['', 's', 'mounts']) await sweepStaging(join(folder, name))
  const runs = join(folder, 'run')
  if (!existsSync(runs) || readdirSync(runs).length === 0) return
  // What ends containers is loaded only where there may be some.
  const { sweepRunFolders } = await import('./runFolders.ts')
  await sweepRunFolders(runs)
}
