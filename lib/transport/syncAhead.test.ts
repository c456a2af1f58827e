import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { writeSynced } from './staging.ts'
import { SyncAhead } from './syncAhead.ts'
import { testFolder } from './testImages.ts'

const folder = testFolder()
const large = Buffer.alloc(17 << 20)
let datasync: MockInstance
beforeEach(async () => {
  const file = await open(join(folder, 'any'), 'w')
  datasync = vi.spyOn(Object.getPrototypeOf(file), 'datasync')
  await file.close()
})
afterEach(() => datasync.mockRestore())

describe('a large file', () => {
  it('that the disk lost a part of while more came is not there, though its last sync succeeds', async () => {
    datasync.mockRejectedValueOnce(new Error('EIO'))
    async function* bytes() {
      yield large
      yield large
    }
    await expect(writeSynced(join(folder, 'lost'), bytes())).rejects.toThrow('EIO')
  })

  it('takes one thread at most to wait for the disk, and the next one has it after that', async () => {
    let end = () => {}
    datasync.mockImplementationOnce(() => new Promise<void>(resolve => (end = resolve)))
    const file = await open(join(folder, 'large'), 'w')
    try {
      const [one, other] = [new SyncAhead(), new SyncAhead()]
      one.wrote(file, large.length)
      other.wrote(file, large.length)
      one.wrote(file, large.length)
      expect(datasync).toHaveBeenCalledTimes(1)
      end()
      await one.rest()
      other.wrote(file, 1)
      expect(datasync).toHaveBeenCalledTimes(2)
      await other.sync(file)
    } finally {
      await file.close()
    }
  })

  it('is not waited for while it is small', async () => {
    await writeSynced(join(folder, 'small'), Buffer.alloc(1 << 20))
    expect(datasync).not.toHaveBeenCalled()
  })
})
