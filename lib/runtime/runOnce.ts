import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { isOciError } from '../errors.ts'
import { emit, type Options, say, type Undo } from '../events.ts'
import { native } from '../kernel.ts'
import type { RuntimeConfig } from '../spec/runtimeConfig.ts'
import { createContainer } from './container/create.ts'
import { deleteContainer, killContainer } from './container/end.ts'
import { startContainer } from './container/start.ts'
import { knownIds } from './container/state.ts'
import { defaultStateRoot } from './container/stateRoot.ts'

export interface RunOnceOptions extends Options {
  /** Called with what its program writes, to stdout or stderr, as it comes. */
  onOutput?(chunk: Buffer): void
}

/**
 * Runs a container to its end and answers its exit code. ≙ `runc run`
 * Nothing is left of it afterwards, also when `signal` interrupts it. Throws `COMMAND_FAILED`, `KERNEL`, `NOT_PERMITTED`.
 */
export async function runOnce(
  id: string,
  bundle: string,
  config: RuntimeConfig,
  options: RunOnceOptions = {},
): Promise<number> {
  const root = defaultStateRoot()
  say(options, `ocirun run --bundle ${bundle} ${id}`)
  const undo: Undo = { kind: 'container', id, runtime: 'ocirun', root }
  const stop = () => killIfRunning(root, id)
  const [input, [read, write]] = [openSync('/dev/null', 'r'), native().pipe()]
  const output = listen(read, options)
  let open = true
  // Another's container of that name is not ours to take away.
  let ours = false
  const closeOurs = () => {
    if (open) for (const fd of [input, write]) closeSync(fd)
    open = false
  }
  try {
    options.signal?.throwIfAborted()
    const { carried } = await createContainer(id, bundle, config, {
      root,
      streams: [input, write, write],
      claimed() {
        ours = true
        emit(options, { type: 'change', undo })
      },
    })
    closeOurs()
    options.signal?.addEventListener('abort', stop, { once: true })
    await startContainer(root, id)
    const status = await carried.exited()
    options.signal?.throwIfAborted()
    return status
  } catch (error) {
    throw options.signal?.aborted ? options.signal.reason : error
  } finally {
    options.signal?.removeEventListener('abort', stop)
    closeOurs()
    if (ours) await deleteContainer(root, id, { force: true })
    await output
    if (ours) emit(options, { type: 'undone', undo })
  }
}

/** It may end by itself at the very moment. */
function killIfRunning(root: string, id: string): void {
  try {
    killContainer(root, id, 'SIGKILL')
  } catch (error) {
    if (!isOciError(error)) throw error
  }
}

/** The containers whose ids begin so. */
export function idsBeginning(prefix: string): string[] {
  return knownIds(defaultStateRoot()).filter(id => id.startsWith(prefix))
}

/** Takes away what a container has left, running or not. */
export async function discardContainer(id: string): Promise<void> {
  await deleteContainer(defaultStateRoot(), id, { force: true })
}

/** Until everybody has closed the other end, or its container is gone. */
function listen(fd: number, { onOutput }: RunOnceOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = new Socket({ fd, readable: true, writable: false })
    stream.on('data', chunk => onOutput?.(chunk as Buffer))
    stream.on('error', reject)
    stream.on('close', () => resolve())
  })
}
