import { applyPlan, networkPlan } from '../../network/plan.ts'
import { topology } from '../../network/topology.ts'
import { includes } from '../claim.ts'
import type { Lab } from '../lab.ts'
import type { Step } from '../step.ts'

/** The article's fourteen commands: a bridge, a veth pair, and a namespace with one end of it. */
export const network: Step = {
  id: '13',
  section: '给 runC 容器绑定虚拟网卡',
  title: { en: 'A bridge and a cable', zh: '一个网桥，一根网线' },
  why: {
    en: 'A veth pair is a cable with two plugs. One goes into a bridge on the host, the other into the container’s namespace, where it is called eth0.',
    zh: 'veth pair 就像一根有两个插头的网线：一头插在宿主机的网桥上，另一头放进容器的 namespace，改名 eth0。',
  },
  root: true,
  async run(lab, options) {
    await applyPlan(networkPlan(lab.names), options)
    return picture(lab)
  },
  checks: [
    {
      id: '13.1',
      claim: { en: 'the bridge has its address and the plug', zh: '网桥有地址，网线插在上面' },
      async look(lab) {
        const { bridge, bridgeAddress, vethHost } = lab.names
        const [host] = await topology()
        const plugged = (host?.links ?? [])
          .filter(link => link.master !== undefined)
          .map(link => `${link.name} in ${link.master}`)
        const addresses = (host?.addresses ?? []).map(({ link, address }) => `${link} ${address}`)
        const expected = [`${bridge} ${bridgeAddress}/24`, `${vethHost} in ${bridge}`]
        return includes(
          [...addresses, ...plugged],
          expected,
          { en: 'ip addr and ip link, on the host', zh: '宿主机上的 ip addr 和 ip link' },
          {
            en: 'is the bridge there, and the host end of the pair in it?',
            zh: '网桥在吗？网线在宿主机的那一头插上了吗？',
          },
        )
      },
    },
    {
      id: '13.2',
      claim: { en: 'the namespace has eth0 with an address', zh: 'namespace 里有带地址的 eth0' },
      async look(lab) {
        const [, inside] = await topology([lab.names.netnsPath])
        const addresses = (inside?.addresses ?? []).map(({ link, address }) => `${link} ${address}`)
        return includes(
          addresses,
          [`eth0 ${lab.names.containerAddress}/24`],
          { en: `ip addr, in ${lab.names.netns}`, zh: `${lab.names.netns} 里的 ip addr` },
          { en: 'which namespace is the other end in?', zh: '另一头在哪个 namespace 里？' },
        )
      },
    },
  ],
}

function picture({ names }: Lab): string[] {
  const [left, right] = [30, 30]
  const row = (a: string, wire: string, b: string) => `│ ${a.padEnd(left)}${wire}${b.padEnd(right)} │`
  const edge = (open: string, close: string) =>
    `${open}${'─'.repeat(left + 1)}${close}     ${open}${'─'.repeat(right + 1)}${close}`
  return [
    `  ${'host'.padEnd(left + 8)} netns ${names.netns}`,
    edge('┌', '┐'),
    row(`${names.bridge}  ${names.bridgeAddress}`, '│     │', 'lo    127.0.0.1'),
    row(`└─ ${names.vethHost}`, '╞═════╡', `eth0  ${names.containerAddress}`),
    edge('└', '┘'),
  ]
}
