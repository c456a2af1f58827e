import { beforeAll, describe, expect, it } from 'vitest'
import type { Image } from '../../../image/image.ts'
import { testFolder } from '../../../transport/testImages.ts'
import { caseId, ours, readRecord, storeWithBase } from './testCorpus.ts'
import { runCases } from './testRun.ts'

const folder = testFolder()
const record = readRecord()
let base: Image

beforeAll(async () => {
  base = (await storeWithBase(folder)).base
  await storeWithBase(`${folder}/copies`)
})

describe('the image docker 20.10 made of the same Dockerfile', () => {
  it.each(runCases)('$name', async it => {
    expect(record[it.name]?.of, 'record it: OCILAB_RECORD=1, corpus.peer.test.ts').toBe(caseId(it))
    expect(await ours(it, folder, base)).toEqual(record[it.name]!.seen)
  })
})

describe('the same without overlayfs', () => {
  it.each(runCases)('$name', async it => {
    const seen = await ours(it, `${folder}/copies`, base, { snapshots: 'copy' })
    expect(seen).toEqual(record[it.name]!.seen)
  })
})
