import { networkPlan, undoPlan } from '../../network/plan.ts'
import { same } from '../claim.ts'
import { leaks } from '../leaks.ts'
import type { Step } from '../step.ts'
import { stopContainer } from './container.ts'

/** Takes everything down in reverse order and looks for what is left. */
export const takeDown: Step = {
  id: '18',
  section: '给 runC 容器绑定虚拟网卡',
  title: { en: 'Leave no trace', zh: '收拾干净' },
  why: {
    en: 'Namespaces, links and mounts outlive the program that made them. Each was written down before it was made, so each can be found and taken back.',
    zh: 'namespace、网卡和挂载不会随程序退出而消失。每一项在创建之前都记了账，所以都找得到、收得回。',
  },
  root: true,
  async run(lab, options) {
    await stopContainer(lab, options)
    await undoPlan(networkPlan(lab.names), options)
    return [`containers: ${(await lab.runtime.list()).length}`]
  },
  checks: [
    {
      id: '18.1',
      claim: {
        en: 'no link, namespace, mount or container of ours is left',
        zh: '没有留下任何网卡、namespace、挂载和容器',
      },
      // The lab's own folder is still in use; it goes when the lab closes.
      look: async lab =>
        same(
          (await leaks(lab.id)).filter(leak => leak.undo.kind !== 'directory').map(leak => leak.what),
          [],
          'leaks()',
        ),
    },
  ],
}
