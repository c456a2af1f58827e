import { same } from '../claim.ts'
import type { Step } from '../step.ts'
import { execInside, interfacesInside } from './container.ts'

/** Looks from inside again: now there is an eth0. */
export const eth0: Step = {
  id: '15',
  section: '给 runC 容器绑定虚拟网卡',
  title: { en: 'Inside: eth0', zh: '容器里多了 eth0' },
  why: {
    en: 'The same command as before, in the same program, shows one interface more. docker0 and its veth ends are made in just this way.',
    zh: '同一个程序里执行同一条命令，多出一张网卡。docker0 和那些 veth 也是这样来的。',
  },
  root: true,
  run: async (lab, options) =>
    (await execInside(lab, ['ifconfig'], { ...options, terminal: true })).trimEnd().split('\n'),
  checks: [
    {
      id: '15.1',
      claim: { en: 'the container sees eth0 and lo', zh: '容器里看得到 eth0 和 lo' },
      look: async lab =>
        same(await interfacesInside(lab), ['eth0', 'lo'], { en: '/proc/net/dev inside', zh: '容器里的 /proc/net/dev' }),
    },
  ],
}
