import { rmSync } from 'node:fs'
import { endAttended } from '../engine/run/endAttended.ts'
import { labLock } from '../engine/run/store.ts'
import { isSystemError, OciError } from '../errors.ts'
import type { LabEvent, Undo } from '../events.ts'
import { bridgeLock, checkLabId, labNames } from '../network/names.ts'
import { gatherJournal, type JournalFile, journalFolder, liveChanges, openJournalFile, undoKey } from './journalFile.ts'
import { type LeakOptions, leaks } from './leaks.ts'
import { isThere, showUndo, takeBack } from './takeBack.ts'

/** Writes down every change of the host before it is made, so that it can be taken back, after a crash too. */
export interface Journal {
  /** The listener to hand to what changes the host. When the line cannot be written it throws, and the change is not made. */
  readonly onEvent: (event: LabEvent) => void
  /** Takes back what was changed through this journal and is still there, last first; answers what that was. Throws `KERNEL`, `COMMAND_FAILED`. */
  undo(): Promise<Undo[]>
  /** Ends the writing. The file goes when nothing in it is left to take back. */
  close(): void
}

/** Opens a lab's journal; nothing is written before the first change. Throws `ARGUMENT_INVALID` for an id that cannot be. */
export function openJournal(labId: string, dir: string = journalFolder()): Journal {
  checkLabId(labId)
  const file = openJournalFile(labId, dir)
  const own = new Map<string, Undo>()
  return {
    onEvent(event) {
      if (event.type === 'change') {
        file.append({ change: event.undo, pid: process.pid })
        own.set(undoKey(event.undo), event.undo)
      } else if (event.type === 'undone') {
        file.append({ undone: event.undo, pid: process.pid })
        own.delete(undoKey(event.undo))
      }
    },
    undo: () => takeBackAll([...own.values()], file, undo => own.delete(undoKey(undo))),
    close: () => file.close(),
  }
}

/**
 * Takes back everything a lab has left on the host, whoever made it: what its journals tell of, and what has its names.
 * Doing it twice is fine. Throws `KERNEL`, `NOT_PERMITTED`, `COMMAND_FAILED` when something stays.
 */
export async function reset(labId = 'default', options: LeakOptions = {}): Promise<Undo[]> {
  const dir = options.dir ?? journalFolder()
  checkLabId(labId)
  gatherJournal(labId, dir)
  const file = openJournalFile(labId, dir)
  try {
    const told = liveChanges(labId, dir).map(({ undo }) => undo)
    const there = await Promise.all(told.map(isThere))
    await endAttended(labId, foldersIn(told))
    await takeBackAll(told, file)
    const left = (await leaks(labId, options)).map(({ undo }) => undo)
    return [...told.filter((_, index) => there[index]).toReversed(), ...(await takeBackAll(left))]
  } finally {
    // Who was killed while he held one has left it.
    for (const lock of [labLock(labId), bridgeLock(labNames(labId).bridge)]) removeLock(lock)
    file.close()
  }
}

function removeLock(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch (error) {
    // In root's folder nobody else has one.
    if (!isSystemError(error, 'EACCES')) throw error
  }
}

function foldersIn(undos: readonly Undo[]): string[] {
  return undos.flatMap(undo => (undo.kind === 'directory' ? [undo.path] : []))
}

// One that cannot be taken back does not keep the others: it stays in the journal, and is told at the end.
async function takeBackAll(undos: readonly Undo[], file?: JournalFile, onDone?: (undo: Undo) => void): Promise<Undo[]> {
  const done: Undo[] = []
  const failed: { undo: Undo; error: Error }[] = []
  for (const undo of undos.toReversed()) {
    try {
      const there = await isThere(undo)
      // A bridge that was never made, or is gone, may have left its lock.
      if (there || undo.kind === 'link') await takeBack(undo)
      if (there) done.push(undo)
      file?.append({ undone: undo, pid: process.pid })
      onDone?.(undo)
    } catch (error) {
      failed.push({ undo, error: error as Error })
    }
  }
  const [first] = failed
  if (first === undefined) return done
  const left = failed.map(({ undo, error }) => `${showUndo(undo)}: ${error.message}`)
  throw new OciError(
    'KERNEL',
    `not all could be taken back (${left.join('; ')})`,
    { got: left, failed },
    { cause: first.error },
  )
}
