import { same } from '../claim.ts'
import type { Step } from '../step.ts'
import { stopContainer } from './container.ts'

/** Stops the container and removes it, waiting in between: the article's two commands in a row can be too quick. */
export const stop: Step = {
  id: '12',
  section: '给 runC 容器绑定虚拟网卡',
  title: { en: 'Stop it and remove it', zh: '停止并移除容器' },
  why: {
    en: '`kill` only sends a signal. Before `delete` the program must really be gone, so we wait for the status stopped.',
    zh: '`kill` 只是发出信号。`delete` 之前程序必须真的退出，所以中间要等状态变成 stopped。',
  },
  root: true,
  async run(lab, options) {
    await stopContainer(lab, options)
    return [`${lab.container}: gone`]
  },
  checks: [
    {
      id: '12.1',
      claim: { en: 'the runtime knows no such container any more', zh: '运行时里已经没有这个容器' },
      look: async lab =>
        same(
          (await lab.runtime.list()).map(state => state.id),
          [],
          `${lab.runtime.name} list`,
        ),
    },
  ],
}
