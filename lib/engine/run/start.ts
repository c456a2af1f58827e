import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type ErrorCode, type ErrorData, isOciError, isSystemError, OciError } from '../../errors.ts'
import { type Options, say } from '../../events.ts'
import { PROGRAM } from '../../package.ts'
import type { ContainerRecord } from './record.ts'
import { settled, statusOf } from './status.ts'
import { containerPaths, type Home, noSuchContainer } from './store.ts'
import type { Warn } from './wire.ts'

/** What a supervisor tells whoever has started it, one JSON object a line on descriptor 3. */
export type SupervisorWord =
  | { word: 'started'; pid: number }
  | { word: 'warning'; message: string }
  | { word: 'command'; line: string }
  | { word: 'failed'; code: ErrorCode; message: string; data: ErrorData }

/** The descriptor for those words. */
export const WORDS = 3

/** Starts a container, unless it runs, or somebody else is about to start it. ≙ docker start. Throws as {@link startDetached}. */
export async function startStopped(
  home: Home,
  record: ContainerRecord,
  options: Options & { warn?: Warn } = {},
): Promise<void> {
  const runs = async () => {
    const now = await settled(home, record)
    return now !== undefined && statusOf(home, now).status === 'running'
  }
  if (await runs()) return
  try {
    await startDetached(home, record, options)
  } catch (error) {
    if (!isOciError(error, 'CONTAINER_WRONG_STATUS') || !(await runs())) throw error
  }
}

/**
 * Starts a container in the care of a program of its own, that stays with it, keeps what it says, and its exit code,
 * when this one has long ended. Answers when the container's program runs. ≙ what containerd-shim is to Docker
 * Throws what starting it fails with.
 */
export async function startDetached(
  home: Home,
  record: ContainerRecord,
  { warn, ...options }: Options & { warn?: Warn } = {},
): Promise<void> {
  const { errors, folder } = containerPaths(home, record.id)
  const file = openErrors(errors, record)
  const root = folder.slice(0, folder.indexOf(`/${home.lab}/containers/`))
  const args = [PROGRAM, 'supervise', '--id', home.lab, '--root', root, record.id]
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'ignore', file, 'pipe'], cwd: '/' })
  closeSync(file)
  try {
    for await (const line of createInterface({ input: child.stdio[WORDS] as Readable })) {
      const said = JSON.parse(line) as SupervisorWord
      if (said.word === 'started') return
      if (said.word === 'warning') warn?.(said.message)
      if (said.word === 'command') say(options, said.line)
      if (said.word === 'failed') throw new OciError(said.code, said.message, said.data)
    }
    const last = readFileSync(errors, 'utf8').trim().split('\n').at(-1)
    throw new OciError('COMMAND_FAILED', `${record.name}: its supervisor ended: ${last || 'it said nothing'}`, {
      where: errors,
    })
  } finally {
    child.stdio[WORDS]?.destroy()
    child.unref()
  }
}

function openErrors(path: string, { name }: ContainerRecord): number {
  try {
    return openSync(path, 'w', 0o600)
  } catch (error) {
    // It has just been removed.
    throw isSystemError(error, 'ENOENT') ? noSuchContainer(name) : error
  }
}
