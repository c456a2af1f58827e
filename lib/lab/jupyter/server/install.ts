import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { writeFileAtomically } from '../../../bytes/file.ts'
import { isOciError, OciError } from '../../../errors.ts'
import { runTool } from '../../tool.ts'
import { KERNEL_NAME, kernelSpec } from '../kernelspec.ts'

/** JupyterLab, of the generation that our notebooks were tried with. */
export const WANTED = 'jupyterlab>=4.4,<5'

/** What opens the notebooks: JupyterLab, or Debian's older program where that cannot be had. */
export interface JupyterProgram {
  readonly kind: 'lab' | 'notebook'
  readonly path: string
}

/** Where what we install for the notebooks lives: `~/.local/share/ocilab`, or what OCILAB_JUPYTER says. */
export function jupyterHome(): string {
  if (process.env.OCILAB_JUPYTER) return process.env.OCILAB_JUPYTER
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'ocilab')
}

/** What is there already, and finished; undefined when nothing is. */
export function installedJupyter(home: string = jupyterHome()): JupyterProgram | undefined {
  try {
    const { wanted, path } = JSON.parse(readFileSync(record(home), 'utf8'))
    return wanted === WANTED && existsSync(path) ? { kind: 'lab', path } : undefined
  } catch {
    return undefined
  }
}

/** Says which environment is the finished one: two that are made at once are not in each other's way. */
function record(home: string): string {
  return join(home, 'jupyterlab.json')
}

/**
 * JupyterLab in a Python environment of its own, so that nothing of the machine's changes; the first time it is fetched
 * from PyPI. Where that does not work, Debian's jupyter-notebook is taken. Throws `TOOL_MISSING`, with how to get it.
 */
export async function installJupyter(
  told: (line: string) => void,
  { home = jupyterHome(), signal }: { home?: string; signal?: AbortSignal } = {},
): Promise<JupyterProgram> {
  const there = installedJupyter(home)
  if (there) return there
  try {
    return await installLab(home, told, signal)
  } catch (error) {
    signal?.throwIfAborted()
    const notebook = await debianNotebook()
    if (!notebook) throw notInstalled(error)
    told(`JupyterLab could not be installed (${(error as Error).message}); Debian’s jupyter-notebook is taken`)
    return notebook
  }
}

async function installLab(home: string, told: (line: string) => void, signal?: AbortSignal): Promise<JupyterProgram> {
  await mkdir(home, { recursive: true })
  const venv = await mkdtemp(join(home, 'venv-'))
  try {
    told('a Python environment for JupyterLab …')
    await run('python3', ['-m', 'venv', venv], signal)
    told('JupyterLab from PyPI, some 50 MB: this is done once …')
    const quietly = ['--disable-pip-version-check', '--no-input', '--quiet']
    await run(join(venv, 'bin/python'), ['-m', 'pip', 'install', ...quietly, WANTED], signal)
    const path = join(venv, 'bin/jupyter-lab')
    await writeFileAtomically(record(home), JSON.stringify({ wanted: WANTED, path }))
    return { kind: 'lab', path }
  } catch (error) {
    await rm(venv, { recursive: true, force: true })
    throw error
  }
}

/** Debian's jupyter-notebook, when it is installed. */
async function debianNotebook(): Promise<JupyterProgram | undefined> {
  try {
    await runTool('jupyter-notebook', ['--version'])
    return { kind: 'notebook', path: 'jupyter-notebook' }
  } catch {
    return undefined
  }
}

function notInstalled(cause: unknown): OciError {
  const noPython = isOciError(cause, 'TOOL_MISSING') || /ensurepip|No module named venv/.test(String(cause))
  const hint = noPython
    ? 'sudo apt-get install -y python3-venv, and then ocilab lab again'
    : 'is PyPI reachable? Without it: sudo apt-get install -y jupyter-notebook, and then ocilab lab again'
  return new OciError('TOOL_MISSING', `JupyterLab: ${(cause as Error).message}`, { want: WANTED, hint }, { cause })
}

/**
 * What JupyterLab would ask the learner on its first start, answered: no news from the internet. And all cells are there
 * at once: a browser's search finds what is further down.
 */
const SETTINGS = {
  '@jupyterlab/notebook-extension/tracker.jupyterlab-settings': { windowingMode: 'none' },
  '@jupyterlab/apputils-extension/notification.jupyterlab-settings': { fetchNews: 'false', checkForUpdates: false },
}

/** Tells Jupyter of our kernel and our settings, in a folder that only our own server looks at; answers that folder. */
export async function configureJupyter(packageHome: string, home: string = jupyterHome()): Promise<string> {
  const folder = join(home, 'jupyter')
  await writeJson(join(folder, 'kernels', KERNEL_NAME, 'kernel.json'), kernelSpec(packageHome))
  for (const [name, settings] of Object.entries(SETTINGS)) await writeJson(join(folder, 'settings', name), settings)
  return folder
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`)
}

async function run(program: string, args: readonly string[], signal?: AbortSignal): Promise<void> {
  let said = ''
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal })
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (said += text))
  const status = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  ).catch(error => {
    if (error.code !== 'ENOENT') throw error
    throw new OciError('TOOL_MISSING', `${program}: not installed here`, { want: program }, { cause: error })
  })
  if (status === 0) return
  const last = said.trim().split('\n').slice(-3).join(' ')
  throw new OciError('COMMAND_FAILED', `${[program, ...args].join(' ')}: ${last || `exit ${status}`}`, { got: status })
}
