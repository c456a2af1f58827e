import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PACKAGE } from '../../package.ts'
import type { Language } from '../claim.ts'
import { startKernel } from '../jupyter/client.ts'
import { kernelSpec } from '../jupyter/kernelspec.ts'
import type { Notebook } from './build.ts'
import { type RunOptions, type RunResult, runNotebook } from './run.ts'

export interface SessionOptions extends RunOptions {
  /** The folder of the course, with what is remembered of it; a fresh one by default. */
  readonly root?: string
  /** The id of the lab: its names on the machine. */
  readonly labId?: string
  /** In a network of its own, so that the article's names meet nobody else's. Needs root. */
  readonly ownNetwork?: boolean
}

// Names of network namespaces are files: an own network has an own folder for them, and own journals of its changes.
const OWN_NETWORK = [
  ...['unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-ec'],
  `for place in /run/netns /run/ocilab; do mkdir -p $place; mount -t tmpfs -o mode=700 tmpfs $place; done
  ip link set lo up
  exec "$0" "$@"`,
]

/** Runs a notebook in a kernel of its own, as a learner would who opens it. */
export async function runInKernel(
  notebook: Notebook,
  language: Language,
  { root, labId = 'default', ownNetwork = false, ...options }: SessionOptions = {},
): Promise<RunResult> {
  const folder = root ?? (await mkdtemp(join(tmpdir(), 'ocilab-course-')))
  const cwd = join(folder, 'notebooks', language)
  await mkdir(cwd, { recursive: true })
  const env = { OCILAB_DIR: folder, OCILAB_ID: labId }
  const { argv } = kernelSpec(PACKAGE)
  try {
    const kernel = await startKernel({ argv: ownNetwork ? [...OWN_NETWORK, ...argv] : argv, cwd, env })
    try {
      return await runNotebook(notebook, kernel, options)
    } finally {
      await kernel.shutdown()
    }
  } finally {
    if (root === undefined) await rm(folder, { recursive: true, force: true })
  }
}
