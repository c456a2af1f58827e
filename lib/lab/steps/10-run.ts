import { readFile } from 'node:fs/promises'
import { same } from '../claim.ts'
import type { Lab } from '../lab.ts'
import type { Step } from '../step.ts'
import { askInside, execInside, startContainer, whenItAnswers } from './container.ts'

/** Runs the container apart from this program, its output in a file, and lists it. */
export const run: Step = {
  id: '10',
  section: '简单 runC 容器',
  title: { en: 'Run it', zh: '运行容器' },
  why: {
    en: 'The runtime makes namespaces, sets the root, and turns into the program. What is left of it is one ordinary process.',
    zh: '运行时建好 namespace、切换根目录，然后把自己变成目标程序。留在系统里的，只是一个普通进程。',
  },
  root: true,
  async run(lab, options) {
    const container = await startContainer(lab, options)
    await whenItAnswers(lab, options, 'inside')
    const { pid, status } = await container.state()
    const log = (await readFile(lab.path.log, 'utf8')).trim().split('\n')
    return [
      'ID             PID     STATUS',
      `${lab.container.padEnd(14)} ${String(pid).padEnd(7)} ${status}`,
      ...log.slice(0, 4),
    ]
  },
  checks: [
    {
      id: '10.1',
      claim: { en: 'the container is running', zh: '容器正在运行' },
      look: async lab => same((await stateOf(lab)).status, 'running', `${lab.runtime.name} state ${lab.container}`),
    },
    {
      id: '10.2',
      claim: { en: 'its program is a process of this machine', zh: '它的程序就是本机的一个进程' },
      async look(lab) {
        const { pid } = await stateOf(lab)
        const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').filter(word => word !== '')
        return same(words, lab.args, `/proc/${pid}/cmdline`)
      },
    },
    {
      id: '10.3',
      claim: { en: 'from inside, it answers', zh: '从容器里面访问得到它' },
      look: async lab =>
        same((await execInside(lab, askInside(lab))).trim(), lab.demo.expect, `inside ${lab.container}`),
    },
  ],
}

async function stateOf(lab: Lab) {
  return (await lab.runtime.load(lab.container)).state()
}
