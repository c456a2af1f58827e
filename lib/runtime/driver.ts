import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isOciError, OciError, RuntimeError } from '../errors.ts'
import { emit, say, type Undo } from '../events.ts'
import { parseJson } from '../spec/goJson.ts'
import type { ContainerState } from '../spec/runtimeConfig.ts'
import type { Container, ExecProcess, Features, RunOptions, Runtime } from './container.ts'
import { type Invocation, invoke } from './invoke.ts'

const PATIENCE = 10_000
const POLL = 50

export interface DriverOptions {
  /** Where the runtime keeps its state. ≙ `runc --root` */
  root?: string
}

/** Drives an OCI runtime that is installed here, `runc` or `crun` or any with their command line. */
export function runtimeDriver(binary: string, { root }: DriverOptions = {}): Runtime {
  const global = root === undefined ? [] : ['--root', root]
  const call = (args: string[], how: Partial<Invocation> = {}) => invoke({ binary, args: [...global, ...args], ...how })
  const shown = (...args: string[]) => [basename(binary), ...args].join(' ')

  const begin = async (verb: 'create' | 'run', id: string, bundle: string, options: RunOptions) => {
    checkId(id)
    const undo: Undo = { kind: 'container', id, runtime: binary, root }
    const existed = (await list()).some(state => state.id === id)
    if (existed)
      throw new RuntimeError('CONTAINER_EXISTS', `${id}: container with given ID already exists`, {
        where: id,
        hint: 'choose another id, or delete it',
      })
    say(
      options,
      `${shown(verb, ...(verb === 'run' ? ['-d'] : []), '--bundle', bundle, id)}${options.output ? ` > ${options.output} 2>&1` : ''}`,
    )
    emit(options, { type: 'change', undo })
    const args = [verb, ...(verb === 'run' ? ['--detach'] : []), '--bundle', bundle, id]
    try {
      // The container keeps the files we give it for as long as it runs, so these are no pipes to us.
      await call(args, { output: options.output ?? '/dev/null', signal: options.signal })
    } catch (error) {
      await call(['delete', '--force', id])
      emit(options, { type: 'undone', undo })
      throw error
    }
    return containerOf(id)
  }

  const list = async (): Promise<ContainerState[]> => {
    const { stdout } = await call(['list', '--format', 'json'])
    return (parseJson(Buffer.from(stdout), `${binary} list`, 'CONFIG_INVALID') as ContainerState[] | null) ?? []
  }

  const containerOf = (id: string): Container => {
    const state = async () =>
      parseJson(Buffer.from((await call(['state', id])).stdout), `${binary} state`, 'CONFIG_INVALID') as ContainerState
    return {
      id,
      state,
      async start(options) {
        say(options, shown('start', id))
        await call(['start', id], { signal: options?.signal })
      },
      async exec(process, options = {}) {
        say(options, shown('exec', ...(options.terminal ? ['-t'] : []), id, ...(process.args ?? [])))
        return call(
          ['exec', ...execFlags(process), ...(options.terminal ? ['--tty'] : []), id, ...(process.args ?? [])],
          {
            terminal: options.terminal,
            interactive: options.interactive,
            program: true,
            signal: options.signal,
          },
        )
      },
      async kill(signal = 'SIGTERM', options) {
        say(options, shown('kill', id, signal))
        await call(['kill', id, signal])
      },
      async wait({ timeout = PATIENCE, signal } = {}) {
        const deadline = Date.now() + timeout
        while ((await state()).status !== 'stopped') {
          if (Date.now() > deadline)
            throw new OciError('TIMEOUT', `${id}: still running after ${timeout / 1000} s`, {
              where: id,
              want: 'stopped',
            })
          await sleep(POLL, undefined, { signal })
        }
      },
      async delete({ force = false, ...options } = {}) {
        say(options, shown('delete', ...(force ? ['--force'] : []), id))
        await call(['delete', ...(force ? ['--force'] : []), id])
        emit(options, { type: 'undone', undo: { kind: 'container', id, runtime: binary, root } })
      },
    }
  }

  return {
    name: basename(binary),
    create: (id, bundle, options = {}) => begin('create', id, bundle, options),
    run: (id, bundle, options = {}) => begin('run', id, bundle, options),
    list,
    async load(id) {
      checkId(id)
      const container = containerOf(id)
      await container.state()
      return container
    },
    async features() {
      try {
        const { stdout } = await call(['features'])
        return parseJson(Buffer.from(stdout), `${binary} features`, 'CONFIG_INVALID') as unknown as Features
      } catch (error) {
        if (isOciError(error, 'COMMAND_FAILED')) return
        throw error
      }
    },
  }
}

// runc takes any word of these; a path part would reach outside its state folder.
function checkId(id: string): void {
  if (/^[\w+.-]+$/.test(id) && id !== '.' && id !== '..' && id.length <= 1024) return
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `${JSON.stringify(id)}: not a container id (want letters, digits, _ + - .)`,
    { want: '[\\w+.-]+', got: id },
  )
}

function execFlags({ env = [], cwd, user }: ExecProcess): string[] {
  const flags = env.flatMap(entry => ['--env', entry])
  return [...flags, ...(cwd ? ['--cwd', cwd] : []), ...(user ? ['--user', user] : [])]
}
