import { openBundle } from '../../bundle/bundle.ts'
import type { NetworkNames } from '../../network/names.ts'
import { applyPlan, netDevicesPlan, networkPlan, undoPlan } from '../../network/plan.ts'
import { topology } from '../../network/topology.ts'
import { includes, same } from '../claim.ts'
import type { Step } from '../step.ts'
import { ask, helloUrl, startContainer, stopContainer, whenItAnswers } from './container.ts'

/** The same network once more, the cable now plugged in by the runtime: linux.netDevices in config.json. */
export const netDevices: Step = {
  id: '17',
  section: '给 runC 容器绑定虚拟网卡',
  title: { en: 'Today: the runtime plugs in', zh: '今天：由运行时来插网线' },
  why: {
    en: 'Since runtime-spec 1.3, config.json may name links of the host: the runtime moves them into the namespace it makes, with their addresses. The bridge, the cable and the way out stay the business of whoever calls it.',
    zh: '从 runtime-spec 1.3 起，config.json 可以写上宿主机的网卡名：运行时把它们连同地址一起移进自己新建的 namespace。网桥、网线和出路，仍归调用它的一方管。',
  },
  root: true,
  async unfit({ runtime }) {
    const known = (await runtime.features())?.linux?.netDevices?.enabled
    return known
      ? undefined
      : `${runtime.name} does not know linux.netDevices (runtime-spec 1.3): ocirun and newer ones do`
  },
  async run(lab, options) {
    const { names } = lab
    await stopContainer(lab, options)
    await undoPlan(networkPlan(names), options)
    await applyPlan(netDevicesPlan(names), options)
    await (await openBundle(lab.path.bundle)).edit(config => {
      const other = (config.linux?.namespaces ?? []).filter(namespace => namespace.type !== 'network')
      const netDevices = { [names.vethGuest]: { name: 'eth0' } }
      config.linux = { ...config.linux, namespaces: [...other, { type: 'network' }], netDevices }
    })
    await startContainer(lab, options)
    const answer = await whenItAnswers(lab, options, 'host')
    return [...besideEachOther(names), '', answer.trimEnd()]
  },
  checks: [
    {
      id: '17.1',
      claim: {
        en: 'the cable’s end is eth0 in a namespace without a name, and kept its address',
        zh: '网线的一头成了无名 namespace 里的 eth0，地址还在',
      },
      async look(lab) {
        const { pid } = await (await lab.runtime.load(lab.container)).state()
        const [, inside] = await topology([`/proc/${pid}/ns/net`])
        return includes(
          (inside?.addresses ?? []).map(({ link, address }) => `${link} ${address}`),
          [`eth0 ${lab.names.containerAddress}/24`],
          { en: 'ip addr, in the container’s network', zh: '容器网络里的 ip addr' },
          { en: 'is the link in config.json that of the cable?', zh: 'config.json 里写的是网线那一头的网卡吗？' },
        )
      },
    },
    {
      id: '17.2',
      claim: { en: 'the container says hello world, as before', zh: '容器照样说 hello world' },
      look: async lab => same((await ask(lab)).trim(), lab.demo.expect, helloUrl(lab)),
    },
  ],
}

/** What the article types and what config.json says now. */
function besideEachOther({ vethGuest, netns, netnsPath, containerAddress, bridgeAddress }: NetworkNames): string[] {
  const rows: [then: string, now: string][] = [
    ['the article', 'linux.netDevices'],
    [`ip netns add ${netns}`, ''],
    [`ip link set ${vethGuest} netns ${netns}`, `"netDevices": { "${vethGuest}": { "name": "eth0" } }`],
    [`inside: ip link set ${vethGuest} name eth0`, ''],
    [
      `inside: ip addr add ${containerAddress}/24 dev eth0`,
      `before: ip addr add ${containerAddress}/24 dev ${vethGuest}`,
    ],
    ['inside: ip link set eth0 up', ''],
    ['inside: ip link set lo up', 'as in every network the runtime makes'],
    [`inside: ip route add default via ${bridgeAddress}`, 'the same, by nsenter --net --target PID'],
    [`"path": "${netnsPath}"`, ''],
  ]
  const width = Math.max(...rows.map(([then]) => then.length))
  return rows.map(([then, now]) => `${then.padEnd(width)} │ ${now}`.trimEnd())
}
