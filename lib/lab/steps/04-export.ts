import { writeFileAtomically } from '../../bytes/file.ts'
import { say } from '../../events.ts'
import { flatten } from '../../image/flatten.ts'
import { includes } from '../claim.ts'
import type { Lab } from '../lab.ts'
import { type Step, withoutCommands } from '../step.ts'
import { runTool } from '../tool.ts'

/** Lays the layers over each other and writes the result as one tar. */
export const exportRootfs: Step = {
  id: '04',
  section: 'Docker 镜像里有什么',
  title: { en: 'Layers, laid over each other', zh: '把各层叠在一起' },
  why: {
    en: 'From the lowest layer to the highest, later files replace earlier ones and whiteouts hide them: what remains is what a container sees.',
    zh: '自下而上逐层叠加：后来的文件覆盖先前的，whiteout 遮住要删的；剩下的就是容器看到的文件系统。',
  },
  root: false,
  async run(lab, options) {
    say(options, `docker export $(docker create ${lab.demo.name}) > ${lab.path.exported}`)
    await writeFileAtomically(lab.path.exported, flatten(lab.demo.image, withoutCommands(options)))
    return [(await topNames(lab)).join('  ')]
  },
  checks: [
    {
      id: '04.1',
      claim: {
        en: 'the tar holds one root file system, the program included',
        zh: '得到的 tar 就是一份完整的根文件系统，程序也在里面',
      },
      look: async lab => includes(await topNames(lab), lab.rootNames, lab.path.exported),
    },
  ],
}

async function topNames(lab: Lab): Promise<string[]> {
  const members = (await runTool('tar', ['-tf', lab.path.exported])).split('\n')
  const top = members.map(name => name.replace(/^\.?\//, '').split('/')[0]!).filter(name => name !== '' && name !== '.')
  return [...new Set(top)].sort()
}
