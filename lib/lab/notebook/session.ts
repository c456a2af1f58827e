import { closeSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sentence } from '../../errors.ts'
import { PACKAGE, PROGRAM } from '../../package.ts'
import type { Language } from '../claim.ts'
import { reset } from '../journal.ts'
import { startKernel } from '../jupyter/client.ts'
import { kernelSpec } from '../jupyter/kernelspec.ts'
import { runTool } from '../tool.ts'
import type { Notebook } from './build.ts'
import { type RunOptions, type RunResult, runNotebook } from './run.ts'

export interface SessionOptions extends RunOptions {
  /** The folder of the course, with what is remembered of it; a fresh one by default. */
  readonly root?: string
  /** The id of the lab: its names on the machine. */
  readonly labId?: string
  /** In a network of its own, so that the article's names meet nobody else's. Needs root. */
  readonly ownNetwork?: boolean
  readonly signal?: AbortSignal
}

// Names of network namespaces are files: an own network has an own folder for them, and own journals of its changes.
const OWN_NETWORK = [
  ...['unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-ec'],
  `for place in /run/netns /run/ocilab; do mkdir -p $place; mount -t tmpfs -o mode=700 tmpfs $place; done
  ip link set lo up
  exec "$0" "$@"`,
]

/**
 * Runs a notebook in a kernel of its own, as a learner would who opens it. Where it fails or is stopped, its last cell has
 * not cleaned up: what its lab has left on the machine is taken back.
 */
export async function runInKernel(
  notebook: Notebook,
  language: Language,
  { root, labId = 'default', ownNetwork = false, signal, ...options }: SessionOptions = {},
): Promise<RunResult> {
  signal?.throwIfAborted()
  const folder = root ?? (await mkdtemp(join(tmpdir(), 'ocilab-course-')))
  const cwd = join(folder, 'notebooks', language)
  await mkdir(cwd, { recursive: true })
  const env = { OCILAB_DIR: folder, OCILAB_ID: labId }
  const { argv } = kernelSpec(PACKAGE)
  try {
    const kernel = await startKernel({ argv: ownNetwork ? [...OWN_NETWORK, ...argv] : argv, cwd, env })
    const network = ownNetwork ? holdNetwork(kernel.pid) : undefined
    const stop = () => void kernel.shutdown()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      const result = await runNotebook(notebook, kernel, options)
      await kernel.shutdown()
      if (result.failures.length === 0) return result
      const left = await (network ? network.reset(labId) : reset(labId)).then(() => [], notTakenBack)
      signal?.throwIfAborted()
      return { ...result, failures: [...result.failures, ...left] }
    } finally {
      signal?.removeEventListener('abort', stop)
      network?.release()
    }
  } finally {
    if (root === undefined) await rm(folder, { recursive: true, force: true })
  }
}

function notTakenBack(error: unknown): RunResult['failures'] {
  return [{ cell: 'after the run', what: sentence(error) }]
}

/** Keeps the network of a kernel, with the journals in it, until it is released: also when the kernel is no more. */
function holdNetwork(pid: number) {
  const held = ['net', 'mnt'].map(kind => openSync(`/proc/${pid}/ns/${kind}`, 'r'))
  const [net, mount] = held.map(fd => `/proc/${process.pid}/fd/${fd}`)
  return {
    reset: (labId: string) =>
      runTool('nsenter', [`--net=${net}`, `--mount=${mount}`, process.execPath, PROGRAM, 'reset', '--id', labId]),
    release: () => held.forEach(closeSync),
  }
}
