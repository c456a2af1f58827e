import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OciError } from '../../../errors.ts'
import type { JupyterProgram } from './install.ts'

// The first start reads a thousand Python files from a cold disk.
const START_TIMEOUT = 120_000

export interface ServerOptions {
  /** The folder it shows. */
  readonly folder: string
  /** The folder with our kernelspec and settings: {@link configureJupyter}. */
  readonly configuration: string
  /** That and no other; by default 8888, or the next free one. */
  readonly port?: number
  /** Opened when it has started, below `folder`. */
  readonly notebook?: string
  /** Where it writes what it has to say. */
  readonly log: string
  readonly signal?: AbortSignal
}

export interface RunningJupyter {
  /** To be opened in a browser: with the token that lets one in. */
  readonly url: string
  /** Resolves when it ends, for whatever reason. */
  readonly ended: Promise<void>
  /** Ends it and its kernels. */
  close(): Promise<void>
}

/**
 * Starts Jupyter on the loopback address, with a token of its own. Throws `ADDRESS_IN_USE` for a port that is taken,
 * `COMMAND_FAILED` when it ends at once, `TIMEOUT`.
 */
export async function startJupyter(program: JupyterProgram, options: ServerOptions): Promise<RunningJupyter> {
  const runtime = await mkdtemp(join(tmpdir(), 'ocilab-jupyter-'))
  const token = randomBytes(24).toString('hex')
  const log = await open(options.log, 'w', 0o600)
  const child = spawn(program.path, argumentsOf(program, options), {
    stdio: ['ignore', log.fd, log.fd],
    env: {
      ...process.env,
      // In the environment, not among the arguments: those are seen by everybody.
      JUPYTER_TOKEN: token,
      JUPYTER_PATH: options.configuration,
      JUPYTER_RUNTIME_DIR: runtime,
      // Whatever this user has configured for their own notebooks is theirs.
      JUPYTER_CONFIG_DIR: join(runtime, 'config'),
      JUPYTERLAB_SETTINGS_DIR: join(options.configuration, 'settings'),
      // Which tabs were open is remembered with the course, not with the program.
      JUPYTERLAB_WORKSPACES_DIR: `${options.log}.workspaces`,
    },
  })
  await log.close()
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()).once('error', () => resolve()))
  const close = async () => {
    child.kill('SIGTERM')
    await Promise.race([ended, sleep(10_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))])
    await ended
    await rm(runtime, { recursive: true, force: true })
  }
  try {
    const address = await listening(child, runtime, options)
    const path = options.notebook ? `${program.kind === 'lab' ? 'lab/tree' : 'notebooks'}/${options.notebook}` : ''
    return { url: `${address}${path}?token=${token}`, ended, close }
  } catch (error) {
    await close()
    throw error
  }
}

function argumentsOf({ kind }: JupyterProgram, { folder, port }: ServerOptions): string[] {
  const app = kind === 'lab' ? 'ServerApp' : 'NotebookApp'
  return [
    '--no-browser',
    `--${app}.ip=127.0.0.1`,
    `--${app}.port=${port ?? 8888}`,
    `--${app}.port_retries=${port === undefined ? 50 : 0}`,
    `--${app}.${kind === 'lab' ? 'root_dir' : 'notebook_dir'}=${folder}`,
    // The course needs root for containers, and Jupyter wants to be told that this is meant.
    ...(process.getuid?.() === 0 ? ['--allow-root'] : []),
    // Nothing is asked of the internet.
    ...(kind === 'lab'
      ? ['--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate', '--LabApp.news_url=None']
      : []),
  ]
}

/** Its address, `http://127.0.0.1:8888/`, when it answers there. */
async function listening(child: ChildProcess, runtime: string, { port, log, signal }: ServerOptions): Promise<string> {
  let over = false
  child.once('error', () => (over = true)).once('close', () => (over = true))
  for (const deadline = Date.now() + START_TIMEOUT; Date.now() < deadline; ) {
    signal?.throwIfAborted()
    if (over) throw await whyItEnded(log, port)
    const url = await addressIn(runtime)
    if (url && (await answers(url))) return url
    await sleep(100, undefined, { signal })
  }
  throw new OciError('TIMEOUT', `Jupyter: it does not answer after ${START_TIMEOUT / 1000} s`, { hint: `see ${log}` })
}

/** A running server writes `jpserver-PID.json` (the older program: `nbserver-PID.json`) with its address. */
async function addressIn(runtime: string): Promise<string | undefined> {
  const name = (await readdir(runtime)).find(name => /^(jp|nb)server-\d+\.json$/.test(name))
  if (name === undefined) return undefined
  try {
    return JSON.parse(await readFile(join(runtime, name), 'utf8')).url
  } catch {
    // It is being written.
    return undefined
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}api`, { signal: AbortSignal.timeout(5000) })
    return answer.ok
  } catch {
    return false
  }
}

async function whyItEnded(log: string, port?: number): Promise<OciError> {
  const said = (await readFile(log, 'utf8').catch(() => '')).trim()
  if (port !== undefined && /already in use/.test(said))
    return new OciError('ADDRESS_IN_USE', `127.0.0.1:${port}: taken by another program`, {
      want: port,
      hint: 'choose another --port, or none: then a free one is found',
    })
  const last = said.split('\n').at(-1) ?? ''
  return new OciError('COMMAND_FAILED', `Jupyter: it ended at once: ${last}`, { hint: `see ${log}` })
}
