import { closeSync, constants, openSync, readSync, rmSync } from 'node:fs'
import { isSystemError, RuntimeError } from '../../errors.ts'
import { initPlan } from '../plan/initPlan.ts'
import { deleteContainer } from './end.ts'
import { MESSAGE_HEAD, type Message, parseMessage, STARTED, stepError } from './hand.ts'
import { runHooks } from './hooks.ts'
import { runHooksInside } from './inside.ts'
import { surroundingsOf } from './place.ts'
import { isAlive, isStillInit } from './processTable.ts'
import { loadState, publicState, type SavedState, statePaths, statusOf } from './state.ts'

/**
 * Lets the program run that `create` made wait. ≙ `runc start`; runtime.md § Lifecycle, steps 6 to 9.
 * Throws `CONTAINER_WRONG_STATUS` for one that is not "created"; what its exec fails with is told here.
 */
export async function startContainer(root: string, id: string): Promise<void> {
  const saved = loadState(root, id)
  const { fifo, folder } = statePaths(root, id)
  const status = statusOf(saved, fifo)
  if (status === 'stopped') throw wrongStatus('cannot start a container that has stopped', status)
  if (status !== 'created') throw wrongStatus('cannot start an already running container', status)
  if (!saved.config.process)
    throw new RuntimeError('CONFIG_INVALID', 'process: want a program to start, got nothing', { where: 'process' })
  const { hooks } = saved.config
  const inside = { pid: saved.pid, config: saved.config, folder }
  await orEnd(root, id, runHooksInside('startContainer', hooks?.startContainer, publicState(saved, 'created'), inside))
  await release(fifo, saved, root)
  rmSync(fifo, { force: true })
  await orEnd(root, id, runHooks('poststart', hooks?.poststart, publicState(saved, 'running')))
}

/** A container whose hooks fail goes the way of all containers at once: steps 12 and 13. */
async function orEnd(root: string, id: string, hooks: Promise<void>): Promise<void> {
  try {
    await hooks
  } catch (error) {
    await deleteContainer(root, id, { force: true })
    throw error
  }
}

/** Opens the fifo the program waits at, and stays until it has been run: then the kernel closes the other end. */
async function release(fifo: string, saved: SavedState, root: string): Promise<void> {
  const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    let heard = Buffer.alloc(0)
    let gone = false
    for (;;) {
      const more = readNow(fd)
      if (more === 'nothing yet') pause()
      else if (more.length > 0) heard = Buffer.concat([heard, more])
      else if (heard.length > 0) break
      else if (gone) throw wrongStatus('cannot start an already running container', 'running')
      // One that has left may have spoken after we read: what it said is still there to be read once more.
      else if (!isAlive(saved.pid, saved.startTime) || isStillInit(saved.pid) === false) gone = true
      else pause()
    }
    const [first, second] = messagesIn(heard)
    if (first?.kind !== STARTED) throw wrongStatus('cannot start a container that has stopped', 'stopped')
    if (second) throw stepError(second, await planOf(saved, root))
  } finally {
    closeSync(fd)
  }
}

// The same plan as `create` made: a failed step is told by its number.
async function planOf({ id, bundle, config }: SavedState, root: string) {
  const console = config.process?.terminal ? 'keeper' : undefined
  const { place } = await surroundingsOf(id, bundle, config, { root, console })
  return initPlan(config, { ...place, fifo: statePaths(root, id).fifo })
}

function readNow(fd: number): Buffer | 'nothing yet' {
  const bytes = Buffer.alloc(1024)
  try {
    return bytes.subarray(0, readSync(fd, bytes))
  } catch (error) {
    if (isSystemError(error, 'EAGAIN')) return 'nothing yet'
    throw error
  }
}

function messagesIn(bytes: Buffer): Message[] {
  const messages: Message[] = []
  for (let rest = bytes; rest.length >= MESSAGE_HEAD; ) {
    const length = MESSAGE_HEAD + rest.readUInt32LE(12)
    messages.push(parseMessage(rest.subarray(0, length)))
    rest = rest.subarray(length)
  }
  return messages
}

const clock = new Int32Array(new SharedArrayBuffer(4))

/** A fifth of a millisecond: an exec takes about one. */
function pause(): void {
  Atomics.wait(clock, 0, 0, 0.2)
}

function wrongStatus(message: string, got: string): RuntimeError {
  return new RuntimeError('CONTAINER_WRONG_STATUS', message, { want: 'created', got })
}
