import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { relative } from 'node:path'
import { openBundle } from '../../../bundle/bundle.ts'
import { writeFileAtomically } from '../../../bytes/file.ts'
import type { TarInput } from '../../../bytes/tar.ts'
import { writeTar } from '../../../bytes/writeTar.ts'
import { imageFrom } from '../../../image/build.ts'
import { hostPlatform } from '../../../spec/platform.ts'
import { copy } from '../../../transport/copy.ts'
import { heldImage } from '../../../transport/held.ts'
import { parseTransport } from '../../../transport/parse.ts'
import { includes, same } from '../../claim.ts'
import { demoImage } from '../../demo/demo.ts'
import { answered } from '../answered.ts'
import type { Lesson } from '../lesson.ts'

const LOWER = [file('etc/app.conf', 'v1'), file('etc/old.conf', 'old'), file('srv/a', 'a'), file('srv/b', 'b')]
const UPPER = [
  file('etc/app.conf', 'v2'),
  file('etc/.wh.old.conf', ''),
  file('srv/.wh..wh..opq', ''),
  file('srv/c', 'c'),
]
const MERGED = ['etc/app.conf: v2', 'srv/c: c']

export const unpackToBundle: Lesson = {
  id: '06-unpack-to-bundle',
  needs: ['linux', 'native/'],

  /** Two layers to be laid over each other, and one that wants out. */
  async prepare(place, { signal }) {
    await writeFileAtomically(place.path('lower.tar'), writeTar(LOWER))
    await writeFileAtomically(place.path('upper.tar'), writeTar(UPPER))
    await writeFileAtomically(place.path('evil.tar'), writeTar(evil()))
    await rm(place.path('evil'), { recursive: true, force: true })
    await mkdir(place.path('outside'), { recursive: true })
    const image = await imageFrom({ ...hostPlatform(), layers: [{ tar: writeTar(evil()) }] })
    await copy(heldImage(image, 'evil'), parseTransport(`oci:${place.path('evil')}:v1`), { signal })
  },

  checks: [
    {
      id: '06.1',
      claim: { en: 'merged is what both layers are together', zh: 'merged 正是两层叠在一起的样子' },
      makes: ['merged'],
      async look(place) {
        const folder = place.path('merged')
        const entries = await readdir(folder, { recursive: true, withFileTypes: true })
        const files = entries.filter(entry => entry.isFile()).map(entry => `${entry.parentPath}/${entry.name}`)
        const contents = await Promise.all(files.map(path => readFile(path, 'utf8')))
        const seen = files.map((path, i) => `${relative(folder, path)}: ${contents[i]}`).sort()
        return same(seen, MERGED, folder, {
          en: 'what is hidden must go, and a whiteout is no file of the result',
          zh: '被遮住的要消失，whiteout 自己也不算结果里的文件',
        })
      },
    },
    {
      id: '06.2',
      claim: { en: 'you know where a link out of the root leads', zh: '你知道伸出根外的链接通到哪里' },
      look: async place =>
        answered(place, '06.2', 'outside/planted', {
          expected: { en: 'the path of the planted file, below victim', zh: '那个偷放的文件在 victim 之下的路径' },
          hint: answer =>
            answer.startsWith('victim') || answer.startsWith('/')
              ? {
                  en: 'below victim: without it, and without a slash in front',
                  zh: '从 victim 往下写：不含 victim，前面也不带斜杠',
                }
              : {
                  en: 'look for a file called planted, anywhere below victim',
                  zh: '在 victim 之下的各处找名叫 planted 的文件',
                },
        }),
    },
    {
      id: '06.3',
      claim: { en: 'bundle has the image’s files and a config.json', zh: 'bundle 里有镜像的文件和 config.json' },
      makes: ['bundle'],
      async look(place) {
        const { rootfs } = await openBundle(place.path('bundle'))
        return includes(await readdir(rootfs), ['app.sh', 'bin', 'etc', 'srv'], rootfs, {
          en: 'are the files of all layers in it?',
          zh: '每一层的文件都在里面吗？',
        })
      },
    },
    {
      id: '06.4',
      claim: {
        en: 'config.json runs the image’s program, without a terminal, on a writable root',
        zh: 'config.json 会运行镜像里的程序，不用终端，根可写',
      },
      async look(place) {
        const { config } = await openBundle(place.path('bundle'))
        const { image } = await demoImage('tiny')
        const seen = {
          args: config.process?.args,
          terminal: config.process?.terminal ?? false,
          readonly: config.root?.readonly ?? false,
        }
        const expected = { args: image.config.config?.Entrypoint, terminal: false, readonly: false }
        return same(seen, expected, place.path('bundle/config.json'), {
          en: 'three fields; two of them are in process',
          zh: '三个字段，其中两个在 process 里',
        })
      },
    },
  ],
}

/** A folder, a symlink that leads out of the root to one of that name, and a file behind the link. */
function evil(): TarInput[] {
  return [
    { path: Buffer.from('outside'), type: 'directory', mode: 0o755 },
    { path: Buffer.from('out'), type: 'symlink', linkpath: Buffer.from('../outside') },
    file('out/planted', 'planted'),
  ]
}

function file(path: string, body: string): TarInput {
  return { path: Buffer.from(path), type: 'file', mode: 0o644, body: Buffer.from(body) }
}
