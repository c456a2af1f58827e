import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { same, unlike } from '../../claim.ts'
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
          expected: { en: 'the number of hexadecimal digits after the colon', zh: '冒号之后十六进制数字的个数' },
          hint: { en: 'count the digits only, without sha256 and the colon', zh: '只数数字，不算 sha256 和冒号' },
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
        if (names.length === 0)
          return unlike({ en: 'no file', zh: '没有文件' }, { en: 'one file', zh: '一个文件' }, folder, {
            en: 'the folder is there, and empty',
            zh: '文件夹已经有了，里面是空的',
          })
        return same(names, sums, folder, {
          en: 'the name is that of the bytes as they are in the file, to the last newline',
          zh: '名字要对应文件里真正的字节，连最后的换行也算',
        })
      },
    },
  ],
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
