import { mkdir, writeFile } from 'node:fs/promises'
import { readTar } from '../../../bytes/readTar.ts'
import { editImage } from '../../../engine/edit/edit.ts'
import { findRecord, homeOf } from '../../../engine/run/store.ts'
import type { Image, Layer } from '../../../image/image.ts'
import { memoryBlobs } from '../../../image/memory.ts'
import { copy } from '../../../transport/copy.ts'
import { heldImage } from '../../../transport/held.ts'
import { openImageAt } from '../../../transport/openImageAt.ts'
import { parseTransport } from '../../../transport/parse.ts'
import { same } from '../../claim.ts'
import { appJar } from '../../demo/appJar.ts'
import { demoImage } from '../../demo/demo.ts'
import { answered } from '../answered.ts'
import { saysHello } from '../hello.ts'
import type { Lesson } from '../lesson.ts'
import type { Place } from '../place.ts'

/** Nobody reads more names than that. */
const MANY = 5

/** The article's Dockerfile. What it is FROM is in the store already; here it is made of Debian's packages. */
const BASE = 'openjdk:8-jdk-alpine'
const DOCKERFILE = [`FROM ${BASE}`, 'WORKDIR /', 'COPY app.jar .', 'ENTRYPOINT ["java","-jar","app.jar"]']

export const dockerTaste: Lesson = {
  id: '01-docker-taste',
  needs: ['linux', 'root', 'native/'],

  /** The base image in the store, the program, and a Dockerfile that lacks its last line. */
  async prepare(place, options) {
    const { image } = await demoImage('java', options)
    const below = { layers: image.layers.slice(0, -1), history: image.config.history?.slice(0, -2) }
    const base = await editImage(image, { ...below, config: { Entrypoint: undefined } }, memoryBlobs())
    await copy(heldImage(base, BASE), parseTransport(`oci:${place.path('store')}:${BASE}`), options)
    await mkdir(place.path('context'), { recursive: true })
    await writeFile(place.path('context/app.jar'), await appJar())
    const lines = DOCKERFILE.slice(0, -1).map(line => `${line}\n`)
    await writeFile(place.path('Dockerfile.start'), lines.join(''))
  },

  checks: [
    {
      id: '01.1',
      claim: {
        en: 'the image app:v0 has app.jar on top, and runs java -jar app.jar',
        zh: '镜像 app:v0 的最上层是 app.jar，并会运行 java -jar app.jar',
      },
      makes: ['app', 'context/Dockerfile'],
      async look(place) {
        const { config, layers } = await builtImage(place)
        const seen = { entrypoint: config.config?.Entrypoint, top: await filesOf(layers.at(-1)) }
        const where = place.path('app')
        return same(
          seen,
          { entrypoint: ['java', '-jar', 'app.jar'], top: ['app.jar'] },
          { en: `the config and the top layer of ${where}`, zh: `${where} 的 config 和最上层` },
          {
            en: 'is it the exec form? A shell form begins with /bin/sh -c',
            zh: '写的是 exec 形式吗？shell 形式会以 /bin/sh -c 开头',
          },
        )
      },
    },
    {
      id: '01.2',
      claim: { en: 'you know how many layers it has', zh: '你知道它有几层' },
      look: async place =>
        answered(place, '01.2', (await builtImage(place)).layers.length, {
          expected: { en: 'the number of layers, those of the base included', zh: '总层数，基础镜像的层也算在内' },
          hint: { en: 'an instruction that only writes into the config has none', zh: '只改 config 的指令不产生层' },
        }),
    },
    {
      id: '01.3',
      claim: { en: 'this machine answers hello world on the published port', zh: '本机发布的端口回答 hello world' },
      async look(place) {
        const hint = {
          en: `is ${place.container} running, and what does ps say of its ports?`,
          zh: `${place.container} 在运行吗？ps 里它的端口怎么写？`,
        }
        return saysHello(`http://127.0.0.1:${place.port(8000)}/hello`, hint)
      },
    },
    {
      id: '01.4',
      claim: { en: 'you know the container’s own address', zh: '你知道容器自己的地址' },
      async look(place) {
        const record = findRecord(homeOf(place.labId), place.container)
        const addresses = (record.wiring?.endpoints ?? []).map(({ address }) => address.split('/')[0]!)
        return answered(place, '01.4', addresses[0], {
          expected: { en: 'an IPv4 address, without its prefix', zh: '一个 IPv4 地址，不带前缀长度' },
          hint: answer =>
            answer === '127.0.0.1'
              ? { en: 'that is this machine', zh: '那是本机自己' }
              : { en: 'it is not the bridge’s own', zh: '不是网桥自己的那个地址' },
        })
      },
    },
  ],
}

async function filesOf(layer: Layer | undefined): Promise<string[]> {
  const names: string[] = []
  if (!layer) return names
  for await (const { path } of readTar(layer.uncompressed(), 'the top layer')) {
    names.push(String(path))
    if (names.length > MANY) break
  }
  return names
}

function builtImage(place: Place): Promise<Image> {
  return openImageAt(`oci:${place.path('app')}:v0`, image => image)
}
