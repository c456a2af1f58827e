import { openBundle } from '../../bundle/bundle.ts'
import { say } from '../../events.ts'
import { same } from '../claim.ts'
import type { Step } from '../step.ts'
import { ask, helloUrl, startContainer, whenItAnswers } from './container.ts'

/** Joins the container to the namespace by its path, runs it, and asks it from the host. */
export const hello: Step = {
  id: '14',
  section: '给 runC 容器绑定虚拟网卡',
  title: { en: 'hello world', zh: 'hello world' },
  why: {
    en: 'One line of config.json joins the two halves: the runtime enters the namespace at that path instead of making a new one.',
    zh: 'config.json 里的一行把两半连起来：运行时不再新建 namespace，而是进入这个路径所指的那个。',
  },
  root: true,
  async run(lab, options) {
    const { netnsPath } = lab.names
    await (await openBundle(lab.path.bundle)).edit(config => {
      const other = (config.linux?.namespaces ?? []).filter(namespace => namespace.type !== 'network')
      config.linux = { ...config.linux, namespaces: [...other, { type: 'network', path: netnsPath }] }
    })
    await startContainer(lab, options)
    say(options, `curl ${helloUrl(lab)}`)
    return [(await whenItAnswers(lab, options, 'host')).trimEnd()]
  },
  checks: [
    {
      id: '14.1',
      claim: { en: 'the container says hello world to the host', zh: '宿主机收到了容器的 hello world' },
      look: async lab =>
        same((await ask(lab)).trim(), lab.demo.expect, helloUrl(lab), {
          en: 'is the network up, and the container in its namespace?',
          zh: '网络通了吗？容器在它的 namespace 里吗？',
        }),
    },
  ],
}
