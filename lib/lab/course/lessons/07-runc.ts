import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { openBundle } from '../../../bundle/bundle.ts'
import { planOf } from '../../../runtime/container/planOf.ts'
import { same } from '../../claim.ts'
import { answered } from '../answered.ts'
import { demoBundle } from '../bundle.ts'
import { deleteContainers, findContainers, theContainer } from '../containers.ts'
import type { Lesson } from '../lesson.ts'
import type { Place } from '../place.ts'

const NOT_RUN = { en: 'first do 07.1', zh: '先做 07.1' }
const NOT_GONE = {
  en: 'after kill it takes a moment until it is stopped, and only then can it go',
  zh: 'kill 之后要过一会儿它才停下，停下了才能删',
}

export const runcLesson: Lesson = {
  id: '07-runc',
  needs: ['linux', 'root', 'native/'],

  prepare: demoBundle,

  checks: [
    {
      id: '07.1',
      claim: { en: 'the container runs', zh: '容器正在运行' },
      makes: ['app.log'],
      undo: removeContainers,
      look: async place => {
        const { runtime, state } = await theContainer(place.container)
        return same(state.status, 'running', `${runtime} state ${place.container}`, {
          en: 'what does app.log say?',
          zh: 'app.log 里说了什么？',
        })
      },
    },
    {
      id: '07.2',
      claim: { en: 'you know its program by the host’s number', zh: '你知道它的程序在宿主机上的进程号' },
      async look(place) {
        const { state } = await theContainer(place.container)
        // A container that has ended has no number, and runtimes write 0 for it.
        return answered(place, '07.2', state.pid || undefined, {
          expected: {
            en: 'the number of the container’s program, as the host counts',
            zh: '容器里的程序在宿主机上的进程号',
          },
          hint: answer =>
            answer === '1'
              ? { en: 'that is what it is inside', zh: '那是它在容器里的号码' }
              : { en: 'has the container been made anew since?', zh: '容器是不是后来又重建过？' },
        })
      },
    },
    {
      id: '07.3',
      claim: { en: 'you have counted the namespaces that it does not share', zh: '你数清了它不与别人共享的 namespace' },
      async look(place) {
        const { state } = await theContainer(place.container)
        return answered(place, '07.3', ownNamespaces(state.pid!).length, {
          expected: {
            en: 'how many links of /proc/PID/ns differ from those of /proc/self/ns',
            zh: '/proc/PID/ns 里有几个链接与 /proc/self/ns 的不同',
          },
          hint: {
            en: 'compare kind by kind; the two links for children do not count',
            zh: '逐种比较；两个给子进程用的链接不算',
          },
        })
      },
    },
    {
      id: '07.4',
      claim: { en: 'you have found the step that changes the root', zh: '你找到了换根的那一步' },
      async look(place) {
        const plan = await planOf(await openBundle(place.path('bundle')), { id: place.container })
        return answered(place, '07.4', plan.findIndex(step => step.op === 'pivot') + 1, {
          expected: { en: 'the number in front of a step of the plan', zh: '计划中某一步前面的编号' },
          hint: { en: 'steps are counted from 1, as the picture does', zh: '编号从 1 数起，和图里一样' },
        })
      },
    },
    {
      id: '07.5',
      claim: { en: 'the container was run, and is gone', zh: '容器运行过，现在不在了' },
      async look(place) {
        const found = await findContainers(place.container)
        const left = found.filter(({ state }) => state.status !== 'created').map(({ state }) => state.status)
        const ran = existsSync(place.path('app.log'))
        const where = { en: `containers called ${place.container}`, zh: `名叫 ${place.container} 的容器` }
        return same({ ran, left }, { ran: true, left: [] }, where, ran ? NOT_GONE : NOT_RUN)
      },
    },
    {
      id: '07.6',
      claim: { en: 'the container is created, and not started', zh: '容器已创建，尚未启动' },
      undo: removeContainers,
      async look(place) {
        const { runtime, state } = await theContainer(place.container)
        return same(state.status, 'created', `${runtime} state ${place.container}`, {
          en: 'is it running already?',
          zh: '它是不是已经跑起来了？',
        })
      },
    },
  ],
}

/** Kinds of namespaces in which a process is not where we are. */
function ownNamespaces(pid: number): string[] {
  const kinds = readdirSync('/proc/self/ns').filter(kind => !kind.endsWith('_for_children'))
  return kinds.filter(kind => readlinkSync(`/proc/self/ns/${kind}`) !== readlinkSync(`/proc/${pid}/ns/${kind}`))
}

async function removeContainers(place: Place): Promise<void> {
  await deleteContainers(place.container)
  await rm(place.path('app.log'), { force: true })
}
