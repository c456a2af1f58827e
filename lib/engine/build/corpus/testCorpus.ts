import { existsSync, readFileSync } from 'node:fs'
import type { Image } from '../../../image/image.ts'
import { digestOf } from '../../../spec/digest.ts'
import { type BuildOptions, build } from '../build.ts'
import { BuildStore } from '../store.ts'
import { testBase } from './testBase.ts'
import { type BuildCase, writeContext } from './testCase.ts'
import { configCases } from './testConfig.ts'
import { copyCases } from './testCopy.ts'
import { runCases } from './testRun.ts'
import { type SeenImage, seen } from './testSeen.ts'
import { stageCases } from './testStages.ts'

/** Dockerfiles that docker 20.10's builder and we make the same image of; those without RUN need no root. */
export const withoutRun: readonly BuildCase[] = [...configCases, ...copyCases, ...stageCases]
export const corpus: readonly BuildCase[] = [...withoutRun, ...runCases]

// What was recorded was recorded there.
const PLATFORM = { os: 'linux', architecture: 'amd64' }

/** What docker made of a case, and of which: a case that has changed since has to be recorded anew. */
export interface Recorded {
  of: string
  seen: SeenImage
}

export const RECORD = `${import.meta.dirname}/testdata/docker-20.10.json`

export function readRecord(): Record<string, Recorded> {
  return existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, 'utf8')) : {}
}

export function caseId(it: BuildCase): string {
  return digestOf(JSON.stringify(it)).slice(0, 23)
}

/** A store with the base image in it. */
export async function storeWithBase(folder: string): Promise<{ store: string; base: Image }> {
  const base = await testBase()
  const store = new BuildStore(folder)
  await store.keep(base, 'base:v1', {})
  await store.close()
  return { store: folder, base }
}

/** Builds a case as we do it. */
export async function ours(it: BuildCase, store: string, base: Image, how: BuildOptions = {}): Promise<SeenImage> {
  return inContext(it, async (context, below) => {
    if (below) await build(below, { ...how, store, tags: [`${it.name}-base`] })
    return seen((await build(context, { ...it, platform: PLATFORM, ...how, store, tags: [it.name] })).image, base)
  })
}

/** Runs `work` with the contexts of a case: its own, and that of the image it builds on. */
export async function inContext<T>(it: BuildCase, work: (context: string, below?: string) => Promise<T>): Promise<T> {
  const context = writeContext({ dockerfile: it.dockerfile.replace('BASE', `${it.name}-base`), files: it.files })
  const below = it.base === undefined ? undefined : writeContext({ dockerfile: it.base, files: it.files })
  try {
    return await work(context.path, below?.path)
  } finally {
    context.remove()
    below?.remove()
  }
}
