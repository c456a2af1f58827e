import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Descriptor } from '../../spec/descriptor.ts'
import { shortDigest } from '../../spec/digest.ts'
import { copy } from '../../transport/copy.ts'
import { same } from '../claim.ts'
import type { Lab } from '../lab.ts'
import type { Step } from '../step.ts'
import { runTool } from '../tool.ts'

/** Copies the image from the registry into an OCI layout, as skopeo does. */
export const ociLayout: Step = {
  id: '05',
  section: '转换 Docker 镜像为 OCI 镜像',
  title: { en: 'From Docker to OCI', zh: '转换为 OCI 镜像' },
  why: {
    en: 'The OCI layout has three parts: oci-layout says the version, index.json points to manifests, and blobs/ holds everything under its digest.',
    zh: 'OCI 布局由三部分组成：oci-layout 写明版本，index.json 指向 manifest，blobs/ 以摘要为名存放一切内容。',
  },
  root: false,
  async run(lab, options) {
    const how = { ...options, credentials: lab.credentials, insecure: true }
    const { config, manifest } = await copy(`docker://${lab.reference}`, `oci:${lab.path.layout}:v0`, how)
    const blobs = await readdir(join(lab.path.layout, 'blobs/sha256'))
    return [
      'oci-layout',
      'index.json',
      ...blobs.map(name => `blobs/sha256/${name}${label(name, manifest, config!)}`),
      await readFile(join(lab.path.layout, 'index.json'), 'utf8'),
    ]
  },
  checks: [
    {
      id: '05.1',
      claim: { en: 'each blob is named by the sha256 of its bytes', zh: '每个 blob 的文件名就是它内容的 sha256' },
      async look(lab) {
        const folder = join(lab.path.layout, 'blobs/sha256')
        const names = (await readdir(folder)).sort()
        const sums = (
          await runTool(
            'sha256sum',
            names.map(name => join(folder, name)),
          )
        )
          .trim()
          .split('\n')
        return same(
          sums.map(sum => sum.slice(0, 64)),
          names,
          folder,
        )
      },
    },
    {
      id: '05.2',
      claim: { en: 'index.json calls the manifest v0', zh: 'index.json 用 v0 这个名字指向 manifest' },
      look: async lab =>
        same((await entry(lab)).annotations?.['org.opencontainers.image.ref.name'], 'v0', 'index.json'),
    },
    {
      id: '05.3',
      claim: {
        en: 'the OCI config is smaller than Docker’s: Docker’s own fields are gone',
        zh: 'OCI 的 config 比 Docker 的小：Docker 自己的字段没有了',
      },
      async look(lab) {
        const { config } = await manifestOf(lab)
        const { size } = await stat(join(lab.path.layout, 'blobs/sha256', config.digest.slice(7)))
        const before = lab.demo.image.raw('config').length
        return same(size <= before, true, {
          en: `config: ${before} bytes before, ${size} after`,
          zh: `config：之前 ${before} 字节，之后 ${size} 字节`,
        })
      },
    },
  ],
}

function label(name: string, manifest: Descriptor, config: Descriptor): string {
  if (manifest.digest.endsWith(name)) return '  ← manifest'
  if (config.digest.endsWith(name)) return `  ← config ${shortDigest(config.digest).slice(0, 10)}`
  return ''
}

async function entry(lab: Lab): Promise<Descriptor> {
  const source = await readFile(join(lab.path.layout, 'index.json'), 'utf8')
  return JSON.parse(source).manifests[0]
}

/** The manifest the layout's only tag points to. */
export async function manifestOf(lab: Lab): Promise<{ config: Descriptor; layers: Descriptor[] }> {
  const { digest } = await entry(lab)
  return JSON.parse(await readFile(join(lab.path.layout, 'blobs/sha256', digest.slice(7)), 'utf8'))
}
