import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readRuntimeConfig } from '../../../bundle/configFile.ts'
import { defaultSpec } from '../../../bundle/defaultSpec.ts'
import { unpack } from '../../../rootfs/unpack.ts'
import { openImageAt } from '../../../transport/openImageAt.ts'
import { same, type Text, unlike } from '../../claim.ts'
import { demoImage } from '../../demo/demo.ts'
import type { Lesson } from '../lesson.ts'
import { answerIn, namespacesOf, pidIn } from '../namespaces.ts'
import type { Place } from '../place.ts'

const HELLO = 'hello world'
const OF_ITS_OWN = { en: 'a container with files and a network of its own', zh: '有自己的文件和网络的容器' }
const ALIVE = {
  en: 'every runtime tells the number of a container’s first process, and it counts as this machine does; is it still alive?',
  zh: '任何运行时都能报出容器首个进程在本机上的进程号；这个进程还活着吗？',
}

export const capstone: Lesson = {
  id: '90-capstone',
  needs: ['linux', 'root', 'native/'],
  prepare,

  checks: [
    {
      id: '90.1',
      claim: { en: 'the image came whole from the registry', zh: '镜像完整地从 registry 取来了' },
      makes: ['image'],
      async look(place) {
        const { image: wanted } = await demoImage('tiny')
        const seen = await openImageAt(`oci:${place.path('image')}:v0`, async ({ layers }) => {
          // What is verified as it is read: a layer that was cut short or changed throws here.
          for (const layer of layers) for await (const _ of layer.uncompressed());
          return layers.map(({ diffId }) => diffId)
        })
        const layers = wanted.layers.map(({ diffId }) => diffId)
        return same(seen, layers, `oci:${place.path('image')}:v0`, {
          en: 'this is another image: whose layers are these?',
          zh: '这是另一个镜像：这些层是谁的？',
        })
      },
    },
    {
      id: '90.2',
      claim: {
        en: 'a container with files and a network of its own answers hello world on its port 8000',
        zh: '有自己的文件和网络的容器，在自己的 8000 端口上回答 hello world',
      },
      makes: ['app.pid'],
      async look(place) {
        const wrong = whatIsWrong(place)
        if (wrong) return unlike(wrong, OF_ITS_OWN, place.path('app.pid'), ALIVE)
        return same(await answerIn(pidIn(place.path('app.pid'))!), HELLO, place.path('app.pid'), {
          en: 'the container is there: does its program run in it, and on which port?',
          zh: '容器已经有了：程序在里面跑吗？在哪个端口上？',
        })
      },
    },
    {
      id: '90.3',
      claim: {
        en: 'a port of this machine leads into that container',
        zh: '本机的一个端口通向那个容器',
      },
      async look(place) {
        const wrong = whatIsWrong(place)
        if (wrong) return unlike(wrong, OF_ITS_OWN, place.path('app.pid'), ALIVE)
        return same(await published(place), HELLO, `curl ${publishedAt(place)}`, {
          en: 'between this machine’s port and the container’s stands a rule, or a program: is one of them there?',
          zh: '本机端口与容器端口之间要有一条规则，或者一个程序：有其中之一吗？',
        })
      },
    },
    {
      id: '90.4',
      claim: {
        en: 'the bundle is mended: all files in rootfs, and a network that is spelled as it was made',
        zh: 'bundle 修好了：文件都在 rootfs 里，网络的名字与创建时的写法一致',
      },
      makes: ['slips'],
      async look(place) {
        const config = readRuntimeConfig(place.path('slips'))
        const network = config.linux?.namespaces?.find(({ type }) => type === 'network')
        const rootfs = place.path('slips', config.root?.path ?? 'rootfs')
        const inside = existsSync(rootfs) ? readdirSync(rootfs) : []
        const seen = {
          beside: readdirSync(place.path('slips')).sort(),
          app: inside.includes('app.sh') && inside.includes('bin') ? 'rootfs' : '?',
          network: network?.path?.replace(/^\/var\/run\//, '/run/') ?? null,
        }
        const wanted = { beside: ['config.json', 'rootfs'], app: 'rootfs', network: place.names.netnsPath }
        return same(seen, wanted, place.path('slips'), {
          en: 'compare letter by letter; and what belongs to the bundle itself stays beside rootfs',
          zh: '一个字母一个字母地比；而属于 bundle 本身的东西，留在 rootfs 旁边',
        })
      },
    },
    {
      id: '90.5',
      claim: { en: 'it answered, and nothing of it is left', zh: '它应答过，现在一点不剩' },
      makes: ['answer'],
      async look(place) {
        const answered = existsSync(place.path('answer')) && readFileSync(place.path('answer'), 'utf8').trim() === HELLO
        const running = whatIsWrong(place) === undefined
        const seen = { answered, running, port: await published(place) }
        return same(
          seen,
          { answered: true, running: false, port: '' },
          { en: `${publishedAt(place)}, and the process in app.pid`, zh: `${publishedAt(place)}，和 app.pid 里的进程` },
          {
            en: answered ? 'whatever made the container can take it away' : 'first let it answer, and keep the answer',
            zh: answered ? '谁建的容器，谁就能拆掉它' : '先让它应答，并留下答案',
          },
        )
      },
    },
  ],
}

/** A bundle as the article's lines leave it: nothing was moved, and one name was spelled better than it was made. */
async function prepare(place: Place): Promise<void> {
  const path = place.path('slips')
  if (existsSync(path)) return
  const making = `${path}.new`
  rmSync(making, { recursive: true, force: true })
  const { image } = await demoImage('tiny')
  await unpack(image, making)
  const config = defaultSpec()
  const { netnsPath } = place.names
  const corrected = netnsPath.replace('contaienr', 'container')
  const network = { type: 'network' as const, path: corrected === netnsPath ? `${netnsPath}r` : corrected }
  const others = (config.linux?.namespaces ?? []).filter(({ type }) => type !== 'network')
  const linux = { ...config.linux, namespaces: [...others, network] }
  writeFileSync(`${making}/config.json`, JSON.stringify({ ...config, linux }, null, '\t'))
  renameSync(making, path)
}

/** What app.pid tells of: whoever made it, a container has a network and files that are not ours. */
function whatIsWrong(place: Place): Text | undefined {
  const pid = pidIn(place.path('app.pid'))
  if (pid === undefined) return { en: 'no app.pid', zh: '没有 app.pid' }
  const [seen, host] = [namespacesOf(pid), namespacesOf('self')]
  if (!seen) return { en: `no such process: ${pid}`, zh: `没有这个进程：${pid}` }
  if (seen.net === host?.net) return { en: 'it is in this machine’s network', zh: '它用的是本机的网络' }
  if (seen.mnt === host?.mnt) return { en: 'it has this machine’s files', zh: '它用的是本机的文件' }
  return undefined
}

function publishedAt(place: Place): string {
  return `127.0.0.1:${place.port(8000)}/hello`
}

function published(place: Place): Promise<string> {
  return fetch(`http://${publishedAt(place)}`, { signal: AbortSignal.timeout(3000) }).then(
    async answer => (await answer.text()).trim(),
    () => '',
  )
}
