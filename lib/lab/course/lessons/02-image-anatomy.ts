import { readFile, rm } from 'node:fs/promises'
import { collect } from '../../../bytes/collect.ts'
import { fileBytes } from '../../../bytes/file.ts'
import { readTar } from '../../../bytes/readTar.ts'
import type { TarInput } from '../../../bytes/tar.ts'
import { writeTar } from '../../../bytes/writeTar.ts'
import { appendLayer } from '../../../image/build.ts'
import { flatten } from '../../../image/flatten.ts'
import type { Image } from '../../../image/image.ts'
import { copy } from '../../../transport/copy.ts'
import { heldImage } from '../../../transport/held.ts'
import { openImageAt } from '../../../transport/openImageAt.ts'
import { parseTransport } from '../../../transport/parse.ts'
import { includes, same } from '../../claim.ts'
import { demoImage } from '../../demo/demo.ts'
import { answered } from '../answered.ts'
import type { Lesson } from '../lesson.ts'

const ARCHIVE = 'app.tar'
const LEAKY = 'leaky.tar'
const FLAT = 'rootfs.tar'
const BY_HAND = 'hand.tar'
const LAYOUT = 'hand'
const PASSWORD = 'correct horse'

export const imageAnatomy: Lesson = {
  id: '02-image-anatomy',

  /** The image of 02.3: one layer brings a password, the next one hides it. */
  async prepare(place, options) {
    await rm(place.path(LEAKY), { force: true })
    const to = parseTransport(`docker-archive:${place.path(LEAKY)}:somebody/leaky:v1`)
    await copy(heldImage(await leakyImage(), 'leaky'), to, { signal: options.signal, profile: '2020' })
  },

  checks: [
    {
      id: '02.1',
      claim: {
        en: 'app.tar is a docker archive with the image zengxu/oci-demo-app:v0 in it',
        zh: 'app.tar 是一个 docker 归档，里面有镜像 zengxu/oci-demo-app:v0',
      },
      makes: [ARCHIVE, 'app'],
      async look(place) {
        const { image: wanted } = await demoImage('tiny')
        return same(
          await diffIdsAt(`docker-archive:${place.path(ARCHIVE)}:zengxu/oci-demo-app:v0`),
          wanted.config.rootfs.diff_ids,
          place.path(ARCHIVE),
          { en: 'is it the image of this lesson’s registry?', zh: '是本课镜像仓库里的那个镜像吗？' },
        )
      },
    },
    {
      id: '02.2',
      claim: { en: 'you know the topmost layer by its diff_id', zh: '你认得出最上层的 diff_id' },
      async look(place) {
        const { image } = await demoImage('tiny')
        const diffIds: readonly string[] = image.config.rootfs.diff_ids
        const digests: readonly string[] = image.layers.map(layer => layer.descriptor.digest)
        return answered(place, '02.2', diffIds.at(-1), {
          expected: { en: 'the sha256 of the layer.tar that lies on top', zh: '最上层 layer.tar 的 sha256' },
          hint(answer) {
            if (diffIds.includes(answer))
              return {
                en: 'that is a diff_id, but of another layer: which one is on top?',
                zh: '这是 diff_id，但属于另一层：哪一层在最上面？',
              }
            if (digests.includes(answer))
              return { en: 'that is the digest of the compressed bytes', zh: '这是压缩后字节的摘要' }
            return {
              en: 'it begins with sha256: and stands in the config, too',
              zh: '它以 sha256: 开头，config 里也写着它',
            }
          },
        })
      },
    },
    {
      id: '02.3',
      claim: { en: 'you have found what was deleted', zh: '你找到了被删掉的东西' },
      look: async place =>
        answered(place, '02.3', PASSWORD, {
          expected: {
            en: 'the line in a file of leaky.tar that a whiteout hides',
            zh: 'leaky.tar 里被 whiteout 遮住的那个文件中的一行字',
          },
          hint: {
            en: 'the layer above hides a name; the layer below still has the file',
            zh: '上层遮住的只是名字；文件还在下层里',
          },
        }),
    },
    {
      id: '02.4',
      claim: {
        en: 'rootfs.tar holds what a container would see, and nothing else',
        zh: 'rootfs.tar 里是容器会看到的一切，别无他物',
      },
      makes: [FLAT],
      async look(place) {
        const wanted = await namesIn(flatten(await leakyImage()))
        const seen = await namesIn(fileBytes(place.path(FLAT)))
        const hidden = seen.filter(name => name.includes('.wh.') || name === 'root/password')
        if (hidden.length > 0)
          return same(hidden, [], place.path(FLAT), {
            en: 'whiteouts take away, and are not there themselves',
            zh: 'whiteout 只负责拿走，自己并不出现',
          })
        return includes(seen, wanted, place.path(FLAT), {
          en: 'are the files of all layers in it?',
          zh: '每一层的文件都在里面吗？',
        })
      },
    },
    {
      id: '02.5',
      claim: { en: 'hand.tar is a tar with hello.txt in it', zh: 'hand.tar 是一个装着 hello.txt 的 tar' },
      makes: [BY_HAND],
      async look(place) {
        const files: string[] = []
        for await (const { path, body } of readTar(fileBytes(place.path(BY_HAND)), BY_HAND))
          files.push(
            `${path}: ${Buffer.from(await collect(body))
              .toString()
              .trim()}`,
          )
        return same(files, ['hello.txt: hello'], place.path(BY_HAND), {
          en: 'what does the picture say of chksum?',
          zh: '图里 chksum 那一行怎么说？',
        })
      },
    },
    {
      id: '02.6',
      claim: {
        en: 'hand is an image that anybody can read, and its layer is hand.tar',
        zh: 'hand 是谁都能读的镜像，它的层就是 hand.tar',
      },
      makes: [LAYOUT],
      look: place =>
        openImageAt(`oci:${place.path(LAYOUT)}:v0`, async image => {
          const layers = await Promise.all(image.layers.map(layer => collect(layer.uncompressed())))
          const tar = await readFile(place.path(BY_HAND))
          return same(
            layers.map(bytes => tar.equals(bytes)),
            [true],
            place.path(LAYOUT),
            {
              en: 'is it the tar of the step before that is its only layer?',
              zh: '它唯一的一层，是上一步的那个 tar 吗？',
            },
          )
        }),
    },
  ],
}

async function leakyImage(): Promise<Image> {
  const { image } = await demoImage('tiny')
  const password = file('root/password', `${PASSWORD}\n`)
  const with_ = await appendLayer(image, { tar: writeTar([password]), history: said('COPY password /root/') })
  return appendLayer(with_, { tar: writeTar([file('root/.wh.password', '')]), history: said('RUN rm /root/password') })
}

function file(path: string, body: string): TarInput {
  return { path: Buffer.from(path), type: 'file', mode: 0o600, body: Buffer.from(body) }
}

function said(instruction: string) {
  return { created: '2020-05-07T14:44:00Z', created_by: `/bin/sh -c ${instruction}` }
}

function diffIdsAt(name: string): Promise<readonly string[]> {
  return openImageAt(name, image => image.config.rootfs.diff_ids)
}

async function namesIn(tar: Parameters<typeof readTar>[0]): Promise<string[]> {
  const names: string[] = []
  for await (const { path } of readTar(tar, FLAT)) names.push(path.toString().replace(/^\.\//, '').replace(/\/$/, ''))
  return names
}
