import type { LabEvent, Undo } from '../events.ts'
import { checkLabId } from '../network/names.ts'
import { journalFolder, liveChanges, openJournalFile } from './journalFile.ts'
import { leaks } from './leaks.ts'
import { takeBack } from './takeBack.ts'

/** Writes down how each change of the host is taken back, before it is made. */
export interface Journal {
  /** A listener of events: what it writes is on disk when it returns. */
  onEvent(event: LabEvent): void
  /** Takes everything back that this journal's lab has changed, the latest first. */
  undo(): Promise<Undo[]>
  /** Lets go of the file; one with nothing left in it is removed. */
  close(): void
}

/** Opens the journal of a lab. */
export function openJournal(labId: string, folder = journalFolder()): Journal {
  checkLabId(labId)
  const file = openJournalFile(labId, folder)
  return {
    onEvent(event) {
      if (event.type === 'change') file.append({ change: event.undo, pid: process.pid })
      if (event.type === 'undone') file.append({ undone: event.undo, pid: process.pid })
    },
    async undo() {
      const undone: Undo[] = []
      for (const { undo } of liveChanges(labId, folder).toReversed()) {
        await takeBack(undo)
        file.append({ undone: undo, pid: process.pid })
        undone.push(undo)
      }
      return undone
    },
    close: () => file.close(),
  }
}

/** Takes back everything a lab has left on the host, after a crash too. ≙ `ocilab reset` */
export async function reset(labId: string, folder = journalFolder()): Promise<Undo[]> {
  const journal = openJournal(labId, folder)
  try {
    const undone = await journal.undo()
    // What bears the lab's names but was made by hand, say with the article's own commands, goes too.
    for (const { undo } of await leaks(labId, { dir: folder })) {
      await takeBack(undo)
      undone.push(undo)
    }
    return undone
  } finally {
    journal.close()
  }
}
