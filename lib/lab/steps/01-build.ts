import { shortDigest } from '../../spec/digest.ts'
import { same } from '../claim.ts'
import type { Lab } from '../lab.ts'
import type { Step } from '../step.ts'

/** Looks at the image the walk is made with: what `docker build` of the article's Dockerfile leaves. */
export const build: Step = {
  id: '01',
  section: 'Docker 的味道',
  title: { en: 'An image, built', zh: '构建镜像' },
  why: {
    en: 'Four instructions of a Dockerfile became an image: some of them made a layer, others only a line of configuration.',
    zh: 'Dockerfile 的四条指令变成了一个镜像：有的指令产生一层文件，有的只在配置里留下一行。',
  },
  root: false,
  async run(lab) {
    const layers = lab.demo.image.layers.map(layer => shortDigest(layer.diffId))
    return (lab.demo.image.config.history ?? []).map(({ created_by = '', empty_layer }) => {
      const id = empty_layer ? '-'.repeat(12) : (layers.shift() ?? '?')
      return `${id}  ${created_by.slice(0, 90)}`
    })
  },
  checks: [
    {
      id: '01.1',
      claim: {
        en: 'every layer has a line of history that made it',
        zh: '每一层都能在 history 里找到产生它的那条指令',
      },
      look: async lab => same(madeLayers(lab), lab.demo.image.layers.length, 'config: history without empty_layer'),
    },
    {
      id: '01.2',
      claim: {
        en: 'the manifest names as many layers as the config has diff_ids',
        zh: 'manifest 的层数等于 config 的 diff_ids 数',
      },
      look: async ({ demo: { image } }) =>
        same(
          image.manifest.layers.length,
          image.config.rootfs.diff_ids.length,
          'manifest.layers, config.rootfs.diff_ids',
        ),
    },
  ],
}

function madeLayers(lab: Lab): number {
  return (lab.demo.image.config.history ?? []).filter(line => !line.empty_layer).length
}
