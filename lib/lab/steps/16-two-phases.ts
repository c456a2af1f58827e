import { same } from '../claim.ts'
import type { Step } from '../step.ts'
import { ask, helloUrl, stopContainer, whenItAnswers } from './container.ts'

/** Creates the container and starts it later: in the gap networks and storage can be made ready. */
export const twoPhases: Step = {
  id: '16',
  section: 'OCI 标准的意义',
  title: { en: 'Create, then start', zh: '先 create，再 start' },
  why: {
    en: 'After create the namespaces exist and the program does not run yet. Whoever builds on a runtime uses that gap to plug things in.',
    zh: 'create 之后 namespace 已经就绪，程序却还没有跑。上层工具正是利用这个间隙接好网络和存储。',
  },
  root: true,
  async run(lab, options) {
    await stopContainer(lab, options)
    const container = await lab.runtime.create(lab.container, lab.path.bundle, { ...options, output: lab.path.log })
    const before = (await container.state()).status
    const silent = await ask(lab).then(
      () => 'it answers',
      () => 'no answer yet',
    )
    await container.start(options)
    const answer = await whenItAnswers(lab, options, 'host')
    return [`after create: ${before}, ${silent}`, `after start:  ${(await container.state()).status}, ${answer.trim()}`]
  },
  checks: [
    {
      id: '16.1',
      claim: { en: 'started, it answers as before', zh: '启动之后照常应答' },
      look: async lab => same((await ask(lab)).trim(), lab.demo.expect, helloUrl(lab)),
    },
  ],
}
