import { readFile, writeFile } from 'node:fs/promises'
import { digestOf, parseDigest } from '../../../spec/digest.ts'
import { type Manifest, writeManifest } from '../../../spec/manifest.ts'
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../../../spec/mediaTypes.ts'
import { same, type Text } from '../../claim.ts'
import { ARTICLE } from '../../demo/articleFacts.ts'
import { answered } from '../answered.ts'
import type { Lesson } from '../lesson.ts'

export const manifests: Lesson = {
  id: '05-manifest-v2s2-vs-oci',

  /** The article's own manifests: Docker's as its registry gave it, and OCI's as skopeo wrote it. */
  async prepare(place) {
    await writeFile(place.path('docker.json'), writeManifest(docker, 'current', '   '))
    await writeFile(place.path('article.json'), writeManifest(oci, '2020', '  '))
  },

  checks: [
    {
      id: '05.1',
      claim: { en: 'layers.json has the layers in OCI’s words', zh: 'layers.json 用 OCI 的词写出了各层' },
      makes: ['layers.json'],
      async look(place) {
        const file = place.path('layers.json')
        const written = JSON.parse(await readFile(file, 'utf8'))
        return same(sorted(written), sorted(oci.layers), file, {
          en: 'only mediaType changes; is every letter of it right?',
          zh: '只有 mediaType 变；每个字母都写对了吗？',
        })
      },
    },
    {
      id: '05.2',
      claim: { en: 'you know what a conversion leaves alone', zh: '你知道转换不碰什么' },
      look: async place =>
        answered(place, '05.2', 'layers', {
          expected: { en: 'one of manifest, config, layers', zh: 'manifest、config、layers 三者之一' },
          hint: answer =>
            answer === 'config'
              ? { en: 'the config loses fields that only Docker knows', zh: 'config 会丢掉只有 Docker 认识的字段' }
              : answer === 'manifest'
                ? { en: 'the manifest names the config by digest', zh: 'manifest 用摘要指着 config' }
                : { en: 'one word, as in the comment of the cell', zh: '一个词，照单元格注释里的写法' },
        }),
    },
    {
      id: '05.3',
      claim: { en: 'you have found the field that came later', zh: '你找到了后来才有的那个字段' },
      look: async place =>
        answered(place, '05.3', 'mediaType', {
          expected: { en: 'the name of a field, as it is written in JSON', zh: '一个字段名，照 JSON 里的写法' },
          hint: answer =>
            answer.startsWith('application/')
              ? { en: 'that is its value: what is it called?', zh: '这是它的值：它叫什么？' }
              : { en: 'compare the two texts from the left', zh: '把两段文字从左往右对照' },
        }),
    },
    {
      id: '05.4',
      claim: {
        en: 'manifest.json is the article’s manifest, to the byte',
        zh: 'manifest.json 与原文的 manifest 逐字节相同',
      },
      makes: ['manifest.json'],
      async look(place) {
        const file = place.path('manifest.json')
        const bytes = await readFile(file)
        const seen = `${digestOf(bytes)}, ${bytes.length} bytes`
        return same(seen, `${ARTICLE.ociManifest}, 821 bytes`, file, difference(bytes))
      },
    },
  ],
}

/** Points to what is most often got wrong, and gives no text away. */
function difference(bytes: Uint8Array): Text {
  const text = Buffer.from(bytes).toString()
  if (text.endsWith('\n')) return { en: 'there is a newline at the end', zh: '末尾多了一个换行' }
  if (/[{,:] /.test(text) || text.includes('\n'))
    return { en: 'there are spaces or newlines in it', zh: '里面有空格或换行' }
  if (bytes.length > 821)
    return { en: 'something is in it that was not written in 2020', zh: '里面有 2020 年还不写的东西' }
  return {
    en: 'is it the article’s manifest, and are its fields in order?',
    zh: '是原文的 manifest 吗？字段的顺序对吗？',
  }
}

function sorted(layers: unknown): string {
  const list = Array.isArray(layers) ? layers : []
  return JSON.stringify(list.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })))
}

const described = (mediaType: string, blob: { digest: string; size: number }) => ({
  mediaType,
  digest: parseDigest(blob.digest),
  size: blob.size,
})
const docker: Manifest = {
  schemaVersion: 2,
  mediaType: DOCKER_MANIFEST,
  config: described(DOCKER_CONFIG, ARTICLE.dockerConfig),
  layers: ARTICLE.layers.map(layer => described(DOCKER_LAYER_GZIP, layer)),
}
const oci: Manifest = {
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: described(OCI_CONFIG, ARTICLE.ociConfig),
  layers: ARTICLE.layers.map(layer => described(OCI_LAYER_GZIP, layer)),
}
