import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { testFolder } from '../../../testImages.ts'
import { uploadFile } from './uploadFile.ts'

const folder = testFolder()

it('bytes that the disk lost while more came are not called safe by the last sync, which succeeds', async () => {
  const other = await open(join(folder, 'other'), 'w')
  const datasync = vi.spyOn(Object.getPrototypeOf(other), 'datasync').mockRejectedValueOnce(new Error('EIO'))
  await other.close()
  const file = uploadFile(join(folder, 'upload'))
  try {
    await file.write([Buffer.alloc(17 << 20)], 0)
    expect(datasync).toHaveBeenCalledOnce()
    await expect(file.sync()).rejects.toThrow('EIO')
    await expect(file.sync()).rejects.toThrow('EIO')
  } finally {
    datasync.mockRestore()
    await file.discard()
  }
})
