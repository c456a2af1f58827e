import type { Command } from 'commander'
import { removeRecord } from '../engine/run/end.ts'
import { findRecord, homeOf } from '../engine/run/store.ts'
import { isOciError } from '../errors.ts'
import { type HomeFlags, homeCommand, withEach } from './home.ts'

export function command(): Command {
  return homeCommand('Removes containers with all they had (docker rm).')
    .argument('<containers...>')
    .option('-f, --force', 'those that run, too; one that is gone is fine')
    .action((names: string[], flags: HomeFlags & { force?: boolean }) => {
      const known = flags.force ? names.filter(name => isKnown(name, flags)) : names
      return withEach(flags, known, (home, record, options) =>
        removeRecord(home, record, { ...options, force: flags.force }),
      )
    })
}

function isKnown(name: string, { id, root }: HomeFlags): boolean {
  try {
    return findRecord(homeOf(id, root), name) !== undefined
  } catch (error) {
    if (isOciError(error, 'CONTAINER_UNKNOWN')) return false
    throw error
  }
}
