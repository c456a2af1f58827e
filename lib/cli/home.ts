import { Command } from 'commander'
import { exitCodeOf } from '../engine/run/exitCode.ts'
import type { ContainerRecord } from '../engine/run/record.ts'
import { findRecord, type Home, homeOf } from '../engine/run/store.ts'
import { isOciError } from '../errors.ts'
import type { Options } from '../events.ts'
import { openJournal } from '../lab/journal.ts'
import { report } from './report.ts'

/** The flags of every verb about containers. */
export interface HomeFlags {
  id: string
  root: string
}

/** A verb about the containers of a lab. */
export function homeCommand(description: string): Command {
  return new Command()
    .description(description)
    .option('--id <id>', 'lab id; each lab has containers and networks of its own', 'default')
    .option('--root <folder>', 'where containers are kept', '/var/lib/ocilab')
}

/** Does `work` with everything it changes journaled, so that `ocilab reset` finds it even if this machine loses power now. */
export async function journaled<T>(
  { id, root }: HomeFlags,
  work: (home: Home, options: Options) => Promise<T>,
): Promise<T> {
  const journal = openJournal(id)
  try {
    return await work(homeOf(id, root), { onEvent: journal.onEvent })
  } finally {
    journal.close()
  }
}

/**
 * Does the same with each container, and prints its name as it was given; what fails is told, and the others are done.
 * Forced, one that is gone is fine. ≙ docker's verbs for several
 */
export async function withEach(
  flags: HomeFlags & { force?: boolean },
  names: readonly string[],
  work: (home: Home, record: ContainerRecord, options: Options) => Promise<void>,
): Promise<void> {
  await journaled(flags, async (home, options) => {
    for (const name of names)
      try {
        await work(home, findRecord(home, name), options)
        process.stdout.write(`${name}\n`)
      } catch (error) {
        if (flags.force && isOciError(error, 'CONTAINER_UNKNOWN')) continue
        report(error)
        process.exitCode = 1
      }
  })
}

/** Ends as Docker does: 125 when it is our fault or the caller's, 126 and 127 when the program cannot be run. */
export async function asDocker(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work()
  } catch (error) {
    const status = report(error)
    // Who was interrupted, or is read no more, ends as any verb does.
    process.exitCode = status > 2 ? status : exitCodeOf(error)
  }
}

/** Several flags of the same name. */
export function several(value: string, others: string[] = []): string[] {
  return [...others, value]
}
