import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Image } from '../../../image/image.ts'
import { copy } from '../../../transport/copy.ts'
import { heldImage } from '../../../transport/held.ts'
import { parseTransport } from '../../../transport/parse.ts'
import { startDockerd, type TestDockerd } from '../../../transport/testDockerd.ts'
import { testFolder } from '../../../transport/testImages.ts'
import { testBase } from './testBase.ts'
import type { BuildCase } from './testCase.ts'
import { caseId, corpus, inContext, RECORD, type Recorded, readRecord } from './testCorpus.ts'
import { type SeenImage, seen } from './testSeen.ts'

// OCILAB_RECORD=1 writes down what docker says.
const record = process.env.OCILAB_RECORD === '1'

const folder = testFolder()
const before = readRecord()
const now: Record<string, Recorded> = {}
let dockerd: TestDockerd
let base: Image

beforeAll(async () => {
  dockerd = await startDockerd({}, { inMemory: true })
  base = await testBase()
  await copy(heldImage(base, 'base'), `docker-archive:${folder}/base.tar:base:v1`)
  await dockerd.docker('load', '-i', `${folder}/base.tar`)
})

afterAll(async () => {
  await dockerd.stop()
  if (!record) return
  mkdirSync(dirname(RECORD), { recursive: true })
  const lines = corpus.map(
    ({ name }) => `${JSON.stringify(name)}: ${JSON.stringify(now[name] ?? before[name] ?? null)}`,
  )
  writeFileSync(RECORD, `{\n${lines.join(',\n')}\n}\n`)
})

const flags = (name: string, values: Readonly<Record<string, string>> = {}) =>
  Object.entries(values).flatMap(([key, value]) => [name, `${key}=${value}`])

async function theirs(it: BuildCase): Promise<SeenImage> {
  await inContext(it, async (context, below) => {
    if (below) await dockerd.docker('build', '-t', `${it.name}-base`, below)
    const target = it.target ? ['--target', it.target] : []
    const more = [...flags('--build-arg', it.buildArgs), ...flags('--label', it.labels)]
    await dockerd.docker('build', '-t', it.name, ...target, ...more, context)
  })
  const archive = `${folder}/${it.name}.tar`
  await dockerd.docker('save', '-o', archive, it.name)
  const source = await parseTransport(`docker-archive:${archive}`).source()
  try {
    return await seen(await source.resolve(), base)
  } finally {
    await source.close()
  }
}

describe("docker's builder makes what is recorded", () => {
  it.concurrent.each(corpus)('$name', { timeout: 300_000 }, async it => {
    if (record && before[it.name]?.of === caseId(it)) return
    now[it.name] = { of: caseId(it), seen: await theirs(it) }
    if (!record) expect(now[it.name]).toEqual(before[it.name])
  })
})
