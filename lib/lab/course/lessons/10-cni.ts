import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { pluginVersions } from '../../../network/cni/chain.ts'
import { loadNetworkConfig, type PluginConfig } from '../../../network/cni/config.ts'
import { installPlugins } from '../../../network/cni/plugin/install.ts'
import { topology } from '../../../network/topology.ts'
import { deleteLink } from '../../../network/undo.ts'
import { includes, same, unlike } from '../../claim.ts'
import { answered } from '../answered.ts'
import { demoBundle } from '../bundle.ts'
import { deleteContainers, findContainers } from '../containers.ts'
import { saysHello } from '../hello.ts'
import type { Lesson } from '../lesson.ts'
import type { Place } from '../place.ts'

export const cniLesson: Lesson = {
  id: '10-cni',
  needs: ['linux', 'root', 'native/'],

  /** Our plugins, in a folder of the lesson's, and a bundle to run. */
  async prepare(place, options) {
    installPlugins(place.path('plugins'))
    await demoBundle(place, options)
  },

  checks: [
    {
      id: '10.1',
      claim: { en: 'you have asked a plugin what it speaks', zh: '你问过插件它会说哪些版本' },
      async look(place) {
        const versions = await pluginVersions('bridge', { path: [place.path('plugins')] })
        return answered(place, '10.1', versions.at(-1)!, {
          expected: { en: 'the newest version that the plugin names', zh: '插件报出的最新版本' },
          hint: answer =>
            versions.includes(String(answer))
              ? { en: 'it speaks that one too, but a newer one as well', zh: '这个版本它会，但还会更新的' }
              : {
                  en: 'supportedVersions is a list: which is its newest?',
                  zh: 'supportedVersions 是个列表：哪个最新？',
                },
        })
      },
    },
    {
      id: '10.2',
      claim: {
        en: 'net.d describes a network of two plugins, called lab',
        zh: 'net.d 里描述了由两个插件组成、名为 lab 的网络',
      },
      makes: ['net.d'],
      async look(place) {
        const { plugins } = loadNetworkConfig(place.path('net.d'), 'lab')
        const [bridge, portmap] = plugins
        return same(
          { types: plugins.map(({ type }) => type), bridge: bridge?.bridge, can: canOf(portmap) },
          { types: ['bridge', 'portmap'], bridge: place.names.bridge, can: ['portMappings'] },
          place.path('net.d'),
          {
            en: 'the order is that of ADD, and a plugin gets only what it says it can do',
            zh: '顺序就是 ADD 的顺序；插件声明会做什么，才会收到什么',
          },
        )
      },
    },
    {
      id: '10.3',
      claim: { en: 'plugins have attached the namespace to the bridge', zh: '插件已把 namespace 接到网桥上' },
      undo: detach,
      async look({ names }) {
        const [host, inside] = await topology([names.netnsPath])
        const plugged = host!.links.some(({ kind, master }) => kind === 'veth' && master === names.bridge)
        const gateway = host!.addresses.some(
          ({ link, address }) => link === names.bridge && address.startsWith(names.bridgeAddress),
        )
        const seen = [
          ...inside!.addresses
            .filter(({ address }) => isIn(names.subnet, address))
            .map(({ link }) => `${link}: ${names.subnet}`),
          ...inside!.routes.map(({ destination, gateway }) => `${destination} via ${gateway ?? '–'}`),
          ...(plugged ? [`veth → ${names.bridge}`] : []),
          ...(gateway ? [`${names.bridge}: ${names.bridgeAddress}`] : []),
        ]
        return includes(
          seen,
          [
            `eth0: ${names.subnet}`,
            `default via ${names.bridgeAddress}`,
            `veth → ${names.bridge}`,
            `${names.bridge}: ${names.bridgeAddress}`,
          ],
          {
            en: `ip addr and ip route, here and in ${names.netns}`,
            zh: `本机和 ${names.netns} 里的 ip addr 和 ip route`,
          },
          {
            en: 'which of these did ADD not make? Look at the list of plugins',
            zh: '其中哪一样 ADD 没有做出来？看看插件列表',
          },
        )
      },
    },
    {
      id: '10.4',
      claim: {
        en: 'the cable was pulled out, is in again, and the published port answers hello world',
        zh: '网线拔下过，又插了回去，发布的端口回答 hello world',
      },
      makes: ['broken', 'app.log'],
      undo: place => deleteContainers(place.container),
      async look(place) {
        if (textOf(place.path('broken')) === '')
          return unlike(
            { en: 'no cable was pulled out yet', zh: '还没有拔过网线' },
            { en: 'one pulled out, and put back', zh: '拔下一根，再插回去' },
            place.path('broken'),
            {
              en: 'attach first, then run the cell that pulls it out',
              zh: '先接上，再运行拔网线的那个单元格',
            },
          )
        return saysHello(`http://127.0.0.1:${place.port(8080)}/hello`, {
          en: 'CHECK says what is not as ADD left it; then: does the container run in that namespace?',
          zh: 'CHECK 会说出哪里和 ADD 之后不一样；然后：容器在那个 namespace 里跑着吗？',
        })
      },
    },
    {
      id: '10.5',
      claim: { en: 'it was attached, and DEL has left nothing of it', zh: '接上过，而 DEL 之后什么也没留下' },
      makes: ['attached'],
      async look(place) {
        const attached = textOf(place.path('attached')) === 'yes'
        const left = await leftOf(place)
        return same(
          { attached, left },
          { attached: true, left: [] },
          'ip link, ls leases/lab',
          attached
            ? {
                en: 'DEL needs what ADD had: the same list, namespace and name',
                zh: 'DEL 需要和 ADD 一样的东西：同一个列表、namespace 和名字',
              }
            : { en: 'there was nothing to detach: attach it first', zh: '没有可断开的：先接上' },
        )
      },
    },
  ],
}

async function leftOf({ names, path, container }: Place): Promise<string[]> {
  const spaces = existsSync(names.netnsPath) ? [names.netnsPath] : []
  const [host, inside] = await topology(spaces)
  const leases = path('leases', 'lab')
  return [
    ...host!.links.filter(({ kind, master }) => kind === 'veth' && master === names.bridge).map(({ name }) => name),
    ...(inside?.links ?? []).map(({ name }) => name).filter(name => name === 'eth0'),
    ...(existsSync(leases) ? readdirSync(leases).filter(name => /^\d+\./.test(name)) : []),
    ...(await findContainers(container)).map(({ runtime }) => `${container} (${runtime})`),
  ]
}

async function detach({ names }: Place): Promise<void> {
  if (existsSync(names.netnsPath)) await deleteLink('eth0', names.netnsPath)
}

function canOf(plugin: PluginConfig | undefined): string[] {
  return Object.entries(plugin?.capabilities ?? {}).flatMap(([name, can]) => (can ? [name] : []))
}

/** The lab's subnets are of /24. */
function isIn(subnet: string, address: string): boolean {
  return address.startsWith(subnet.replace(/0\/24$/, ''))
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
}
