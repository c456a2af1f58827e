import { same } from '../claim.ts'
import type { Step } from '../step.ts'
import { execInside, interfacesInside } from './container.ts'

/** Looks from inside: a network namespace of its own has nothing but loopback. */
export const loopback: Step = {
  id: '11',
  section: '简单 runC 容器',
  title: { en: 'Inside: only loopback', zh: '容器里只有回环网卡' },
  why: {
    en: 'A new network namespace starts empty. The program listens, but on a network that has no other end.',
    zh: '新的 network namespace 里什么也没有。程序确实在监听，可这张网没有另一头。',
  },
  root: true,
  run: async (lab, options) =>
    (await execInside(lab, ['ifconfig'], { ...options, terminal: true })).trimEnd().split('\n'),
  checks: [
    {
      id: '11.1',
      claim: { en: 'the container sees lo and nothing else', zh: '容器里只看得到 lo' },
      look: async lab =>
        same(await interfacesInside(lab), ['lo'], { en: '/proc/net/dev inside', zh: '容器里的 /proc/net/dev' }),
    },
  ],
}
