import { existsSync, readFileSync } from 'node:fs'
import { readRuntimeConfig } from '../../../bundle/configFile.ts'
import type { NetworkNames } from '../../../network/names.ts'
import { networkPlan, undoPlan } from '../../../network/plan.ts'
import { topology } from '../../../network/topology.ts'
import { type Finding, includes, same, unlike } from '../../claim.ts'
import { demoBundle } from '../bundle.ts'
import { deleteContainers, findContainers } from '../containers.ts'
import { saysHello } from '../hello.ts'
import type { Lesson } from '../lesson.ts'
import type { Place } from '../place.ts'

export const vethBridgeNetns: Lesson = {
  id: '08-veth-bridge-netns',
  needs: ['linux', 'root', 'native/'],

  prepare: demoBundle,

  checks: [
    {
      id: '08.1',
      claim: { en: 'the bridge is up and has its address', zh: '网桥已启用，并带有地址' },
      undo: takeDown,
      async look({ names }) {
        const [host] = await topology()
        const link = host?.links.find(({ name }) => name === names.bridge)
        const addresses = host?.addresses.filter(({ link }) => link === names.bridge).map(({ address }) => address)
        return same(
          { kind: link?.kind, up: link?.up, addresses },
          { kind: 'bridge', up: true, addresses: expect4(addresses, `${names.bridgeAddress}/24`) },
          `ip -d addr show ${names.bridge}`,
          {
            en: 'a bridge must be made, set up, and given an address: three things',
            zh: '网桥要新建、要启用、要有地址：三件事',
          },
        )
      },
    },
    {
      id: '08.2',
      claim: { en: 'one end of a cable is in the bridge', zh: '网线的一头插在网桥上' },
      undo: takeDown,
      async look({ names }) {
        const [host] = await topology()
        const link = host?.links.find(({ name }) => name === names.vethHost)
        return same(
          { kind: link?.kind, in: link?.master, up: link?.up },
          { kind: 'veth', in: names.bridge, up: true },
          `ip -d link show ${names.vethHost}`,
          { en: 'is it a veth, is it plugged in, and is it up?', zh: '它是 veth 吗？插上了吗？启用了吗？' },
        )
      },
    },
    {
      id: '08.3',
      claim: {
        en: 'the other end is eth0 in the namespace, with an address and a way out',
        zh: '另一头是 namespace 里的 eth0，有地址，也有出路',
      },
      undo: takeDown,
      async look({ names }) {
        const [, inside] = await topology([names.netnsPath])
        const seen = [
          ...inside!.addresses.map(({ link, address }) => `${link} ${address}`),
          ...inside!.links.filter(({ up }) => up).map(({ name }) => `${name} up`),
          ...inside!.routes.map(({ destination, gateway }) => `${destination} via ${gateway ?? '–'}`),
        ]
        return includes(
          seen,
          [`eth0 ${names.containerAddress}/24`, 'eth0 up', 'lo up', `default via ${names.bridgeAddress}`],
          { en: `ip addr and ip route, in ${names.netns}`, zh: `${names.netns} 里的 ip addr 和 ip route` },
          { en: 'which of these does the namespace not have?', zh: '这个 namespace 里还缺哪一样？' },
        )
      },
    },
    {
      id: '08.4',
      claim: { en: 'the container answers hello world on its own address', zh: '容器在自己的地址上回答 hello world' },
      makes: ['app.log'],
      undo: place => deleteContainers(place.container),
      look: ({ names }) =>
        saysHello(helloOf(names), {
          en: 'is the container in that namespace, and does its program run?',
          zh: '容器在那个 namespace 里吗？它的程序在跑吗？',
        }),
    },
    {
      id: '08.5',
      claim: { en: 'what was broken is mended, and it answers again', zh: '坏掉的修好了，它又应答了' },
      makes: ['broken'],
      async look(place) {
        if (!existsSync(place.path('broken')))
          return unlike(
            { en: 'nothing was broken yet', zh: '还什么都没弄坏' },
            { en: 'broken, and mended', zh: '先弄坏，再修好' },
            place.path('broken'),
            { en: 'run the cell that breaks it', zh: '先运行弄坏它的那个单元格' },
          )
        return saysHello(helloOf(place.names), {
          en: 'every part is there: is every part on?',
          zh: '部件一样不缺：每一样都启用了吗？',
        })
      },
    },
    {
      id: '08.6',
      claim: {
        en: 'config.json hands over the link, and the container has it as eth0',
        zh: 'config.json 交出网卡，它成了容器里的 eth0',
      },
      undo: place => deleteContainers(place.container),
      look: handedOver,
    },
    {
      id: '08.7',
      claim: { en: 'the network was built, and nothing of it is left', zh: '网络搭过，现在一点不剩' },
      makes: ['built'],
      async look(place) {
        const { names } = place
        const built = existsSync(place.path('built')) && readFileSync(place.path('built'), 'utf8') === 'yes'
        const [host] = await topology()
        const links = (host?.links ?? []).map(({ name }) => name)
        const left = [
          ...links.filter(name => [names.bridge, names.vethHost, names.vethGuest].includes(name)),
          ...(existsSync(names.netnsPath) ? [names.netns] : []),
          ...(await findContainers(place.container)).map(({ runtime }) => `${place.container} (${runtime})`),
        ]
        const hint = built
          ? { en: 'container, namespace, links: in this order', zh: '先容器，再 namespace，再网卡：按这个顺序' }
          : { en: 'there was nothing to take down: first build it', zh: '没有东西可拆：先把它搭起来' }
        const where = { en: 'ip link, ip netns, and the runtimes', zh: 'ip link、ip netns 和各个运行时' }
        return same({ built, left }, { built: true, left: [] }, where, hint)
      },
    },
  ],
}

/** What the configuration says, and what the kernel has of it in the network of the container's process. */
async function handedOver(place: Place): Promise<Finding> {
  const { vethGuest, containerAddress } = place.names
  const [running] = (await findContainers(place.container)).filter(({ state }) => state.pid > 0)
  if (!running)
    return unlike(
      { en: 'no container runs', zh: '没有容器在跑' },
      { en: `a container ${place.container} with eth0`, zh: `容器 ${place.container}，带着 eth0` },
      'ocirun list',
      { en: 'run the cell that starts it', zh: '先运行启动它的那个单元格' },
    )
  const { linux } = readRuntimeConfig(place.path('bundle'))
  const [, inside] = await topology([`/proc/${running.state.pid}/ns/net`])
  const addresses = inside!.addresses.filter(({ link }) => link === 'eth0').map(({ address }) => address)
  const finding = same(
    {
      netDevices: linux?.netDevices,
      path: linux?.namespaces?.find(({ type }) => type === 'network')?.path,
      eth0: addresses,
    },
    { netDevices: { [vethGuest]: { name: 'eth0' } }, eth0: expect4(addresses, `${containerAddress}/24`) },
    { en: 'config.json, and ip addr in the container’s network', zh: 'config.json，以及容器网络里的 ip addr' },
    {
      en: 'does it say the link, and no path? was the container made after that, by a runtime that knows the entry?',
      zh: '写上网卡、去掉 path 了吗？容器是在那之后由认识这一项的运行时创建的吗？',
    },
  )
  if (finding.state === 'fail') return finding
  return saysHello(helloOf(place.names), { en: 'does its program run?', zh: '它的程序在跑吗？' })
}

/** IPv6 gives every link an address of its own accord: only the one that was asked for counts. */
function expect4(seen: readonly string[] | undefined, wanted: string): readonly string[] {
  return seen?.includes(wanted) ? seen : [wanted]
}

function helloOf({ containerAddress }: NetworkNames): string {
  return `http://${containerAddress}:8000/hello`
}

/** A cable cannot stay without its bridge, nor a container without its namespace: resetting one step takes all of it down. */
async function takeDown(place: Place): Promise<void> {
  await deleteContainers(place.container)
  await undoPlan(networkPlan(place.names))
}
