import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { TarInput } from '../../bytes/tar.ts'
import { testFolder } from '../../transport/testImages.ts'
import { BuildStore } from './store.ts'

const folder = join(testFolder(), 'store')

it('a layer whose end nobody waits for leaves nothing', async () => {
  const store = new BuildStore(folder)
  const stop = new AbortController()
  async function* endless(): AsyncGenerator<TarInput> {
    for (let at = 0; ; at++) {
      if (at === 3) stop.abort(new Error('interrupted'))
      yield { path: Buffer.from(`file${at}`), type: 'file', size: 1 << 20, body: Buffer.alloc(1 << 20) }
    }
  }
  await expect(store.putTar(endless(), stop)).rejects.toThrow('interrupted')
  const [staging] = readdirSync(folder)
  expect(readdirSync(join(folder, staging!))).toEqual([])
  await store.blobs.close()
  expect(readdirSync(folder)).toEqual([])
})
