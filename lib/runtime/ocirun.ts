import { closeSync, openSync, realpathSync } from 'node:fs'
import { Socket } from 'node:net'
import { emitWarning } from 'node:process'
import { readRuntimeConfig } from '../bundle/configFile.ts'
import { resolveUser } from '../bundle/user.ts'
import { isOciError, OciError } from '../errors.ts'
import { emit, say, type Undo } from '../events.ts'
import { native } from '../kernel.ts'
import { checkProcess } from '../spec/runtime/check.ts'
import type { RuntimeProcess } from '../spec/runtimeConfig.ts'
import { createContainer } from './container/create.ts'
import { deleteContainer, killContainer } from './container/end.ts'
import { execInContainer } from './container/exec.ts'
import { accountsOf } from './container/home.ts'
import { startContainer } from './container/start.ts'
import { knownIds, loadState, publicState, type SavedState, statePaths, statusOf } from './container/state.ts'
import { defaultStateRoot } from './container/stateRoot.ts'
import type { Container, ExecProcess, ExecResult, RunOptions, Runtime } from './container.ts'
import type { DriverOptions } from './driver.ts'

const PATIENCE = 10_000
const POLL = 5

/** Our own runtime, in this process: no program is started but native/init, which becomes the container. */
export function ocirun({ root = defaultStateRoot() }: DriverOptions = {}): Runtime {
  /** How the programs ended that this process itself has started: it is told at once, and need not look again and again. */
  const endings = new Map<string, Promise<number>>()
  const stateOf = (id: string) => {
    const saved = loadState(root, id)
    return publicState(saved, statusOf(saved, statePaths(root, id).fifo))
  }
  const begin = async (verb: 'create' | 'run', id: string, path: string, options: RunOptions): Promise<Container> => {
    const detached = verb === 'run' ? ' -d' : ''
    const output = options.output ? ` > ${options.output} 2>&1` : ''
    say(options, `ocirun ${verb}${detached} --bundle ${path} ${id}${output}`)
    const bundle = realpathSync(path)
    const config = readRuntimeConfig(bundle)
    const undo: Undo = { kind: 'container', id, runtime: 'ocirun', root }
    const input = openSync('/dev/null', 'r')
    const out = openSync(options.output ?? '/dev/null', 'a', 0o644)
    let claimed = false
    try {
      const { carried } = await createContainer(id, bundle, config, {
        root,
        streams: [input, out, out],
        claimed: () => {
          claimed = true
          emit(options, { type: 'change', undo })
        },
      })
      endings.set(id, carried.exited({ idle: true }))
      if (verb === 'run') await startOrDelete(root, id)
    } catch (error) {
      if (claimed) emit(options, { type: 'undone', undo })
      throw error
    } finally {
      closeSync(input)
      closeSync(out)
    }
    return containerOf(id)
  }

  const containerOf = (id: string): Container => ({
    id,
    state: async () => stateOf(id),
    async start(options) {
      say(options, `ocirun start ${id}`)
      await startContainer(root, id)
    },
    async exec(process, options = {}) {
      say(options, `ocirun exec ${options.terminal ? '-t ' : ''}${id} ${(process.args ?? []).join(' ')}`)
      const whole = wholeProcess(process, loadState(root, id), options.terminal || options.interactive)
      return options.interactive ? execHere(root, id, whole) : execCaptured(root, id, whole)
    },
    async kill(signal = 'SIGTERM', options) {
      say(options, `ocirun kill ${id} ${signal}`)
      killContainer(root, id, signal)
    },
    async wait({ timeout = PATIENCE, signal } = {}) {
      const deadline = Date.now() + timeout
      while (stateOf(id).status !== 'stopped') {
        signal?.throwIfAborted()
        if (Date.now() > deadline)
          throw new OciError('TIMEOUT', `${id}: still running after ${timeout / 1000} s`, {
            where: id,
            want: 'stopped',
          })
        const pause = new Promise(resolve => setTimeout(resolve, endings.has(id) ? deadline - Date.now() : POLL))
        await Promise.race([pause, ...(endings.has(id) ? [endings.get(id)] : [])])
      }
    },
    async delete({ force = false, ...options } = {}) {
      say(options, `ocirun delete ${force ? '--force ' : ''}${id}`)
      await deleteContainer(root, id, { force })
      endings.delete(id)
      emit(options, { type: 'undone', undo: { kind: 'container', id, runtime: 'ocirun', root } })
    },
  })

  return {
    name: 'ocirun',
    create: (id, bundle, options = {}) => begin('create', id, bundle, options),
    run: (id, bundle, options = {}) => begin('run', id, bundle, options),
    list: async () => knownIds(root).flatMap(readable(stateOf)),
    async load(id) {
      stateOf(id)
      return containerOf(id)
    },
    features: async () => (await import('./features.ts')).features(),
  }
}

/** One whose state cannot be read is no reason not to tell of the others. */
function readable<T>(stateOf: (id: string) => T): (id: string) => T[] {
  return id => {
    try {
      return [stateOf(id)]
    } catch (error) {
      // One that is about to be made, or has just been deleted, is none.
      if (!isOciError(error, 'CONTAINER_UNKNOWN')) emitWarning(`container ${id}: ${(error as Error).message}`)
      return []
    }
  }
}

async function startOrDelete(root: string, id: string): Promise<void> {
  try {
    await startContainer(root, id)
  } catch (error) {
    await deleteContainer(root, id, { force: true })
    throw error
  }
}

/** The container's own process, with other words: who runs it, where and what it may do stay. */
function wholeProcess({ args, env, cwd, user }: ExecProcess, saved: SavedState, terminal = false): RuntimeProcess {
  const own = saved.config.process ?? { cwd: '/', user: { uid: 0, gid: 0 } }
  const ids = user === undefined ? own.user : resolveUser(user, accountsOf(`/proc/${saved.pid}/root`)).ids
  const process = {
    ...own,
    ...{ args, terminal, user: ids, cwd: cwd ?? own.cwd, env: [...(own.env ?? []), ...(env ?? [])] },
    consoleSize: undefined,
  }
  return checkProcess(process, 'exec')
}

/** On the terminal this program runs on. */
async function execHere(root: string, id: string, process: RuntimeProcess): Promise<ExecResult> {
  const carried = await execInContainer(id, process, { root, streams: [0, 1, 2], console: 'keeper' })
  return { status: await carried.exited(), stdout: '', stderr: '' }
}

async function execCaptured(root: string, id: string, process: RuntimeProcess): Promise<ExecResult> {
  const [input, out, err] = [native().pipe(), native().pipe(), native().pipe()]
  const theirs = [input[0], out[1], err[1]]
  // An input that ends at once would reach a terminal as ^D: there it stays open until the program ends.
  const closeInput = () => closeSync(input[1])
  if (!process.terminal) closeInput()
  const texts = [textOf(out[0]), textOf(err[0])] as const
  try {
    const carried = await execInContainer(id, process, {
      root,
      streams: theirs,
      console: process.terminal ? 'keeper' : undefined,
    }).finally(() => theirs.map(fd => closeSync(fd)))
    const status = await carried.exited()
    const [stdout, stderr] = await Promise.all(texts)
    return { status, stdout: process.terminal ? stdout.replace(/\r+\n/g, '\n') : stdout, stderr }
  } finally {
    if (process.terminal) closeInput()
  }
}

function textOf(fd: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const stream = new Socket({ fd, readable: true, writable: false })
    stream.on('data', chunk => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () => resolve(Buffer.concat(chunks).toString()))
  })
}
