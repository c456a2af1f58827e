import { beforeAll, describe, expect, it } from 'vitest'
import type { Image } from '../../../image/image.ts'
import { testFolder } from '../../../transport/testImages.ts'
import { caseId, corpus, ours, readRecord, storeWithBase, withoutRun } from './testCorpus.ts'

const folder = testFolder()
const record = readRecord()
let base: Image

beforeAll(async () => {
  base = (await storeWithBase(folder)).base
})

describe('the image docker 20.10 made of the same Dockerfile', () => {
  it('was recorded for at least sixty', () => expect(corpus.length).toBeGreaterThanOrEqual(60))

  it.each(withoutRun)('$name', async it => {
    expect(record[it.name]?.of, 'record it: OCILAB_RECORD=1, corpus.peer.test.ts').toBe(caseId(it))
    expect(await ours(it, folder, base)).toEqual(record[it.name]!.seen)
  })
})
