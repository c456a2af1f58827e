import { existsSync, readFileSync } from 'node:fs'
import { unpackBundle } from '../../../bundle/unpackBundle.ts'
import { type Finding, same, type Text, unlike } from '../../claim.ts'
import { demoImage } from '../../demo/demo.ts'
import { deleteContainers } from '../containers.ts'
import type { Lesson } from '../lesson.ts'
import { answerIn, type Namespaces, namespacesOf, pidIn } from '../namespaces.ts'
import type { Place } from '../place.ts'

/** The two containers: each has a bundle of that name, and its process's number in a file. */
type Part = 'sandbox' | 'web'

export const podLesson: Lesson = {
  id: '09-pod',
  needs: ['linux', 'root', 'native/'],

  async prepare(place, { signal }) {
    const { image } = await demoImage('tiny')
    for (const name of ['sandbox', 'web'])
      if (!existsSync(place.path(name))) await unpackBundle(image, place.path(name), { signal })
  },

  checks: [
    {
      id: '09.1',
      claim: {
        en: 'a process waits in namespaces of its own',
        zh: '有一个进程在自己的 namespace 里等着',
      },
      makes: ['sandbox.pid', 'sandbox.log'],
      undo: takeDown,
      async look(place) {
        const [seen, host] = [partOf(place, 'sandbox'), namespacesOf('self')!]
        if (!seen) return missing(place, 'sandbox')
        return same(
          describe(seen, type => (seen[type] === host[type] ? 'host' : 'own')),
          describe(seen, () => 'own'),
          {
            en: `/proc/PID/ns, of the PID in ${place.path('sandbox.pid')}`,
            zh: `/proc/PID/ns，PID 在 ${place.path('sandbox.pid')} 里`,
          },
          {
            en: 'of what says “host” the configuration has no entry: was the container made from it?',
            zh: '写着 host 的，说明配置里没有那一项：容器是照这份配置创建的吗？',
          },
        )
      },
    },
    {
      id: '09.2',
      claim: {
        en: 'the server is in the sandbox’s namespaces, and answers there on localhost',
        zh: '服务在沙箱的 namespace 里，并在那里的 localhost 上应答',
      },
      makes: ['web.pid', 'web.log'],
      undo: place => deleteContainers(`${place.container}-web`),
      look: joined,
    },
    {
      id: '09.3',
      claim: {
        en: 'the server died and came back, and the sandbox kept its place',
        zh: '服务死而复生，沙箱一直给它留着位置',
      },
      makes: ['first.pid'],
      async look(place) {
        const first = pidIn(place.path('first.pid'))
        if (first === undefined)
          return unlike(
            { en: 'nobody has died yet', zh: '还没有谁死掉' },
            { en: 'first.pid, of a server that has ended', zh: 'first.pid，属于一个已退出的服务' },
            place.path('first.pid'),
            {
              en: 'run the cell that kills the server: it keeps its number',
              zh: '先运行杀掉服务的那个单元格：它会记下进程号',
            },
          )
        if (namespacesOf(first))
          return unlike(
            { en: 'the first server still runs', zh: '先前的服务还在跑' },
            { en: 'it has ended', zh: '它已经退出' },
            place.path('first.pid'),
            {
              en: 'the first one has to go before another can listen on its port',
              zh: '先前的那个不走，别的就没法监听同一个端口',
            },
          )
        return joined(place)
      },
    },
    {
      id: '09.4',
      claim: { en: 'the pod was there, and nothing of it is left', zh: 'pod 来过，现在一点不剩' },
      makes: ['built'],
      async look(place) {
        const built = existsSync(place.path('built')) && readFileSync(place.path('built'), 'utf8') === 'yes'
        const left = (['web', 'sandbox'] as const).filter(name => partOf(place, name) !== undefined)
        return same(
          { built, left },
          { built: true, left: [] },
          { en: 'the processes in sandbox.pid and web.pid', zh: 'sandbox.pid 和 web.pid 里的进程' },
          {
            en: built ? 'members first, the sandbox last' : 'there was no pod to take down: first build it',
            zh: built ? '先成员，最后是沙箱' : '还没有可拆的 pod：先搭起来',
          },
        )
      },
    },
  ],
}

async function joined(place: Place): Promise<Finding> {
  const [sandbox, web] = [partOf(place, 'sandbox'), partOf(place, 'web')]
  if (!sandbox) return missing(place, 'sandbox')
  if (!web) return missing(place, 'web')
  const seen = describe(web, type => (web[type] === sandbox[type] ? 'sandbox' : 'another'))
  const answer = await answerIn(pidIn(place.path('sandbox.pid'))!)
  return same(
    { ...seen, answer },
    { net: 'sandbox', ipc: 'sandbox', uts: 'sandbox', mnt: 'another', answer: 'hello world' },
    {
      en: '/proc/PID/ns of both, and http://localhost:8000/hello in the sandbox’s network',
      zh: '两者的 /proc/PID/ns，以及沙箱网络里的 http://localhost:8000/hello',
    },
    {
      en: 'which of these is not as it should be? “another” is what an entry without a path makes',
      zh: '哪一项不对？没有 path 的一项，得到的就是 another（另一个）',
    },
  )
}

function missing(place: Place, name: Part): Finding {
  const pid = pidIn(place.path(`${name}.pid`))
  const seen =
    pid === undefined
      ? { en: `no ${name}.pid`, zh: `没有 ${name}.pid` }
      : { en: `no process ${pid}`, zh: `没有进程 ${pid}` }
  const expected = { en: `the number of the ${name}’s process`, zh: `${name} 的进程号` }
  const hint: Text = {
    en: 'the file has the number of the container’s first process, as this machine counts: every runtime tells it, while it runs',
    zh: '文件里是容器首个进程在本机上的进程号：容器运行时，任何运行时都能报出来',
  }
  return unlike(seen, expected, place.path(`${name}.pid`), hint)
}

function describe(seen: Namespaces, word: (type: keyof Namespaces) => string) {
  return Object.fromEntries(Object.keys(seen).map(type => [type, word(type as keyof Namespaces)]))
}

function partOf(place: Place, name: Part): Namespaces | undefined {
  const pid = pidIn(place.path(`${name}.pid`))
  return pid === undefined ? undefined : namespacesOf(pid)
}

async function takeDown(place: Place): Promise<void> {
  await deleteContainers(`${place.container}-web`)
  await deleteContainers(`${place.container}-sandbox`)
}
