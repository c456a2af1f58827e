import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Language } from '../claim.ts'
import { startKernel } from '../jupyter/client.ts'
import { kernelSpec } from '../jupyter/kernelspec.ts'
import type { Notebook } from './build.ts'
import { type RunOptions, type RunResult, runNotebook } from './run.ts'

const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url))

export interface SessionOptions extends RunOptions {
  /** The folder of the course, with what is remembered of it; a fresh one by default. */
  readonly root?: string
  /** The id of the lab: its names on the machine. */
  readonly labId?: string
}

/** Runs a notebook in a kernel of its own, as a learner would who opens it. */
export async function runInKernel(
  notebook: Notebook,
  language: Language,
  { root, labId = 'default', ...options }: SessionOptions = {},
): Promise<RunResult> {
  const folder = root ?? (await mkdtemp(join(tmpdir(), 'ocilab-course-')))
  const cwd = join(folder, 'notebooks', language)
  await mkdir(cwd, { recursive: true })
  const env = { OCILAB_DIR: folder, OCILAB_ID: labId }
  try {
    const kernel = await startKernel({ ...kernelSpec(PACKAGE), cwd, env })
    try {
      return await runNotebook(notebook, kernel, options)
    } finally {
      await kernel.shutdown()
    }
  } finally {
    if (root === undefined) await rm(folder, { recursive: true, force: true })
  }
}
