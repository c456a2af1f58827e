import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { same } from '../../claim.ts'
import { answered } from '../answered.ts'
import type { Lesson } from '../lesson.ts'

export const startHere: Lesson = {
  id: '00-start-here',
  checks: [
    {
      id: '00.1',
      claim: { en: 'you know how long a sha256 is', zh: '你知道 sha256 有多长' },
      look: async place =>
        answered(place, '00.1', 64, {
          expected: 'the number of hexadecimal digits after the colon of a sha256 digest',
          hint: 'count the digits only, without sha256 and the colon',
        }),
    },
    {
      id: '00.2',
      claim: { en: 'the file in blobs/ is named by what is in it', zh: 'blobs/ 里的文件以内容的 sha256 为名' },
      makes: ['blobs'],
      async look(place) {
        const folder = place.path('blobs')
        const names = (await readdir(folder)).sort()
        const sums = await Promise.all(names.map(async name => sha256(await readFile(place.path('blobs', name)))))
        if (names.length === 0) return same('no file', 'at least one file', folder, 'the folder is there, and empty')
        return same(
          names,
          sums,
          folder,
          'the name must be that of the bytes as they are in the file, to the last newline',
        )
      },
    },
  ],
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
