import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { readIfThere } from '../bytes/readIfThere.ts'
import { removeIfEmpty } from '../bytes/removeIfEmpty.ts'
import { isSystemError, OciError } from '../errors.ts'
import type { Undo } from '../events.ts'
import { RUN_FOLDER } from '../network/names.ts'

/** A change of the host that has not been taken back. */
export interface Change {
  readonly undo: Undo
  /** The program that made it. */
  readonly pid: number
  /** Its command line, where the journal tells it. */
  readonly command?: string
}

type Line =
  | { lab: string; pid: number; started: string; command: string }
  | { change: Undo; pid: number }
  | { undone: Undo; pid: number }

const TRIES = 10
const SUFFIX = /\.journal(~\d+)?$/

/** Where journals are: memory that a restart empties, as it does with what they tell of. */
export function journalFolder(): string {
  const uid = process.getuid?.() ?? 0
  return uid === 0 && process.platform === 'linux'
    ? RUN_FOLDER
    : join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), `ocilab-${uid}`)
}

/** A lab's journal, opened at the first line. Several programs may write into it at the same time. */
export interface JournalFile {
  append(line: Exclude<Line, { lab: string }>): void
  /** Removes the file when everything in it has been taken back. */
  close(): void
}

export function openJournalFile(lab: string, folder: string): JournalFile {
  const path = join(folder, `${lab}.journal`)
  let fd: number | undefined
  const close = () => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }
  return {
    append(line) {
      // A file that another program took away meanwhile, because it was empty, is written anew.
      do {
        if (fd !== undefined && !isAt(path, fd)) close()
        fd ??= begin(lab, path, folder)
        write(fd, line)
      } while (!isAt(path, fd))
    },
    close() {
      close()
      removeWhenEmpty(lab, path, folder)
    },
  }
}

/** What a lab has changed and not taken back, oldest first. A change told twice is one. */
export function liveChanges(lab: string, folder: string): Change[] {
  const files = journalNames(folder).filter(name => name.replace(SUFFIX, '') === lab)
  return live(files.map(name => readIfThere(join(folder, name))).join(''))
}

/** Takes back into a lab's journal what a program had put aside that was killed then. */
export function gatherJournal(lab: string, folder: string): void {
  const file = openJournalFile(lab, folder)
  for (const name of journalNames(folder)) {
    const [, pid] = /~(\d+)$/.exec(name) ?? []
    if (pid === undefined || name.replace(SUFFIX, '') !== lab || existsSync(`/proc/${pid}`)) continue
    const aside = join(folder, name)
    for (const { undo, pid } of live(readIfThere(aside))) file.append({ change: undo, pid })
    rmSync(aside, { force: true })
  }
  file.close()
}

/** The labs that have a journal. */
export function journaledLabs(folder: string): string[] {
  return [...new Set(journalNames(folder).map(name => name.replace(SUFFIX, '')))].sort()
}

/** The same for two changes that are taken back in the same way. */
export function undoKey(undo: Undo): string {
  const fields = Object.entries(undo).filter(([, value]) => value !== undefined)
  return JSON.stringify(fields.sort(([left], [right]) => (left < right ? -1 : 1)))
}

function journalNames(folder: string): string[] {
  try {
    checkOwner(folder)
    return readdirSync(folder)
      .filter(name => SUFFIX.test(name))
      .sort()
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}

function live(text: string): Change[] {
  const changes = new Map<string, Change>()
  const commands = new Map<number, string>()
  for (const line of text.split('\n')) {
    const { change, undone, pid = 0, command } = parseLine(line)
    if (command) commands.set(pid, command)
    if (change) changes.set(undoKey(change), { undo: change, pid, command: commands.get(pid) })
    if (undone) changes.delete(undoKey(undone))
  }
  return [...changes.values()]
}

// A line cut short by a crash was never answered: the change it tells of was not made.
function parseLine(line: string): { change?: Undo; undone?: Undo; pid?: number; command?: string } {
  try {
    return JSON.parse(line)
  } catch {
    return {}
  }
}

function begin(lab: string, path: string, folder: string): number {
  const fd = openIn(folder, path)
  // The empty line ends what a crash may have cut short.
  writeSync(fd, fstatSync(fd).size === 0 ? '' : '\n')
  write(fd, { lab, pid: process.pid, started: new Date().toISOString(), command: commandLine() })
  return fd
}

function openIn(folder: string, path: string): number {
  for (let tries = 1; ; tries++)
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      checkOwner(folder)
      return openSync(path, 'a', 0o600)
    } catch (error) {
      // Whoever was the last to have something in the folder has taken it away meanwhile.
      if (!isSystemError(error, 'ENOENT') || tries === TRIES) throw error
    }
}

/** This program as it was called, without where Node and the program's file are. */
function commandLine(): string {
  const [, program = '', ...args] = process.argv
  return [basename(program).replace(/\.[cm]?[jt]s$/, ''), ...args].join(' ')
}

function write(fd: number, line: Line): void {
  writeSync(fd, `${JSON.stringify(line)}\n`)
  fsyncSync(fd)
}

function isAt(path: string, fd: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false })
  return there !== undefined && there.ino === fstatSync(fd).ino
}

function removeWhenEmpty(lab: string, path: string, folder: string): void {
  if (live(readIfThere(path)).length > 0) return
  putAway(lab, path, folder)
  removeIfEmpty(join(folder, lab, 'runtime'))
  removeIfEmpty(join(folder, lab))
  // The folder of them all stays: whose own network has one of its own mounted there would lose it, and what it tells of.
}

// Renamed first: a line another program adds before the rename is read here and put back; one that it adds later it
// finds to have gone astray, and writes again.
function putAway(lab: string, path: string, folder: string): void {
  const aside = `${path}~${process.pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return
    throw error
  }
  const late = live(readIfThere(aside))
  const again = openJournalFile(lab, folder)
  for (const { undo, pid } of late) again.append({ change: undo, pid })
  rmSync(aside, { force: true })
}

// What a journal says is deleted: nobody else may write one for us.
function checkOwner(folder: string): void {
  const { uid, mode } = lstatSync(folder)
  if (uid === (process.getuid?.() ?? uid) && (mode & 0o170022) === 0o040000) return
  throw new OciError(
    'NOT_PERMITTED',
    `${folder}: others may write here (want a folder of uid ${process.getuid?.()} with mode 0700, got uid ${uid} mode ${(mode & 0o7777).toString(8)})`,
    {
      where: folder,
      got: { uid, mode },
    },
  )
}
