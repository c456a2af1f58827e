import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Image } from '../../../image/image.ts'
import type { Descriptor } from '../../../spec/descriptor.ts'
import { copy } from '../../../transport/copy.ts'
import { heldImage } from '../../../transport/held.ts'
import { openImageAt } from '../../../transport/openImageAt.ts'
import { parseTransport } from '../../../transport/parse.ts'
import { same } from '../../claim.ts'
import { demoImage } from '../../demo/demo.ts'
import { answered } from '../answered.ts'
import type { Lesson } from '../lesson.ts'
import type { Place } from '../place.ts'

const LAYOUT = 'oci-demo-app'
const SPOILED = 'spoiled'

export const ociLayout: Lesson = {
  id: '03-oci-layout',

  /** A copy of the image with one byte of one layer changed: the bug of 03.3. */
  async prepare(place, options) {
    const { image } = await demoImage('tiny')
    await rm(place.path(SPOILED), { recursive: true, force: true })
    const quiet = { signal: options.signal }
    await copy(heldImage(image, 'demo'), parseTransport(`oci:${place.path(SPOILED)}:v0`), quiet)
    const file = blobPath(place.path(SPOILED), spoiledLayer(image).digest)
    const bytes = await readFile(file)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    await writeFile(file, bytes)
  },

  checks: [
    {
      id: '03.1',
      claim: {
        en: 'oci-demo-app is an OCI layout with the image in it, called v0',
        zh: 'oci-demo-app 是一个 OCI 布局，里面的镜像叫 v0',
      },
      makes: [LAYOUT],
      look: place =>
        openImageAt(`oci:${place.path(LAYOUT)}:v0`, async image => {
          const { image: wanted } = await demoImage('tiny')
          return same(image.config.rootfs.diff_ids, wanted.config.rootfs.diff_ids, place.path(LAYOUT), {
            en: 'is it the demo image that was copied?',
            zh: '复制的是演示镜像吗？',
          })
        }),
    },
    {
      id: '03.2',
      claim: { en: 'you have followed index.json to the config', zh: '你已从 index.json 一路找到 config' },
      async look(place) {
        const [entry] = await entriesOf(place)
        const { config } = JSON.parse(await readFile(blobPath(place.path(LAYOUT), entry!.digest), 'utf8'))
        return answered(place, '03.2', config.digest, {
          expected: { en: 'the digest that the manifest gives for its config', zh: 'manifest 为 config 写下的摘要' },
          hint: answer =>
            answer === entry!.digest
              ? { en: 'that is the digest of the manifest: read on, in it', zh: '这是 manifest 的摘要：打开它继续读' }
              : { en: 'which field of the manifest is it?', zh: '它是 manifest 的哪个字段？' },
        })
      },
    },
    {
      id: '03.3',
      claim: { en: 'you have found the blob that is not what its name says', zh: '你找到了名不副实的那个 blob' },
      async look(place) {
        const { image } = await demoImage('tiny')
        return answered(place, '03.3', spoiledLayer(image).digest, {
          expected: {
            en: 'the digest that one file of spoiled/ has for a name, but not for its bytes',
            zh: 'spoiled/ 里某个文件以它为名、内容却不是它的那个摘要',
          },
          hint: {
            en: 'whose sha256 differs from its own name? The answer begins with sha256:',
            zh: '哪个文件的 sha256 和自己的名字不同？答案以 sha256: 开头',
          },
        })
      },
    },
    {
      id: '03.4',
      claim: {
        en: 'the image has a second name, stable, and no blob was copied for it',
        zh: '镜像有了第二个名字 stable，而没有多出任何 blob',
      },
      async look(place) {
        const entries = await entriesOf(place)
        const named = (name: string) =>
          entries
            .filter(entry => entry.annotations?.['org.opencontainers.image.ref.name'] === name)
            .map(entry => entry.digest)
        return same(
          named('stable'),
          named('v0'),
          {
            en: `${place.path(LAYOUT, 'index.json')}: the digests called stable, and those called v0`,
            zh: `${place.path(LAYOUT, 'index.json')}：名叫 stable 的摘要，和名叫 v0 的摘要`,
          },
          {
            en: 'an index is a list: two entries of it may point to the same manifest',
            zh: '索引是一个列表：其中两个条目可以指向同一个 manifest',
          },
        )
      },
    },
  ],
}

function spoiledLayer(image: Image): Descriptor {
  return image.layers[0]!.descriptor
}

function blobPath(layout: string, digest: string): string {
  return join(layout, 'blobs/sha256', digest.replace('sha256:', ''))
}

async function entriesOf(place: Place): Promise<Descriptor[]> {
  return JSON.parse(await readFile(place.path(LAYOUT, 'index.json'), 'utf8')).manifests
}
