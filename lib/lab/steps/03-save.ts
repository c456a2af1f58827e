import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { say } from '../../events.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { parseTransport } from '../../transport/parse.ts'
import { same } from '../claim.ts'
import type { Lab } from '../lab.ts'
import { type Step, withoutCommands } from '../step.ts'
import { runTool } from '../tool.ts'

/** Saves the image as Docker does, takes the archive apart, and reads its manifest.json. */
export const save: Step = {
  id: '03',
  section: 'Docker 镜像里有什么',
  title: { en: 'What is in a saved image', zh: '导出的镜像里有什么' },
  why: {
    en: 'A saved image is a tar of tars: one folder for each layer, and a manifest.json that puts them in order.',
    zh: '导出的镜像是「tar 套 tar」：每层一个文件夹，再由 manifest.json 排出先后次序。',
  },
  root: false,
  async run(lab, options) {
    const { archive, extracted } = lab.path
    say(options, `docker image save zengxu/oci-demo-app:v0 -o ${archive}`)
    await copy(
      heldImage(lab.demo.image, lab.demo.name),
      parseTransport(`docker-archive:${archive}:zengxu/oci-demo-app:v0`),
      {
        ...withoutCommands(options),
        profile: '2020',
      },
    )
    await mkdir(extracted)
    say(options, `tar -C ${extracted} -xf ${archive}`)
    await runTool('tar', ['-C', extracted, '-xf', archive])
    return tree(extracted)
  },
  checks: [
    {
      id: '03.1',
      claim: { en: 'manifest.json names one layer.tar for each layer', zh: 'manifest.json 为每一层列出一个 layer.tar' },
      look: async lab =>
        same((await manifestJson(lab)).Layers.length, lab.demo.image.layers.length, 'manifest.json: Layers'),
    },
    {
      id: '03.2',
      claim: {
        en: 'each layer folder holds json, layer.tar and VERSION',
        zh: '每个层文件夹里都有 json、layer.tar 和 VERSION',
      },
      async look(lab) {
        const folders = (await manifestJson(lab)).Layers.map(layer => join(lab.path.extracted, layer, '..'))
        const contents = await Promise.all(folders.map(async folder => (await readdir(folder)).sort().join(' ')))
        return same([...new Set(contents)], ['VERSION json layer.tar'], lab.path.extracted)
      },
    },
    {
      id: '03.3',
      claim: {
        en: 'each layer.tar hashes to the diff_id the config promises',
        zh: '每个 layer.tar 的 sha256 就是配置里的 diff_id',
      },
      async look(lab) {
        const layers = (await manifestJson(lab)).Layers.map(layer => join(lab.path.extracted, layer))
        const sums = (await runTool('sha256sum', layers)).trim().split('\n')
        return same(
          sums.map(sum => `sha256:${sum.slice(0, 64)}`),
          lab.demo.image.config.rootfs.diff_ids,
          'sha256sum */layer.tar',
        )
      },
    },
  ],
}

async function manifestJson(lab: Lab): Promise<{ Config: string; RepoTags: string[]; Layers: string[] }> {
  return JSON.parse(await readFile(join(lab.path.extracted, 'manifest.json'), 'utf8'))[0]
}

async function tree(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  return names.sort().map(name => `${'  '.repeat(name.split('/').length - 1)}${name.split('/').at(-1)}`)
}
