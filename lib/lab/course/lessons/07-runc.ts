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
        return same(state.status, 'running', `${runtime} state ${place.container}`, 'what does app.log say?')
      },
    },
    {
      id: '07.2',
      claim: { en: 'you know its program by the host’s number', zh: '你知道它的程序在宿主机上的进程号' },
      async look(place) {
        const { state } = await theContainer(place.container)
        // A container that has ended has no number, and runtimes write 0 for it.
        return answered(place, '07.2', state.pid || undefined, {
          expected: 'the number of the container’s program, as the host counts',
          hint: answer => (answer === '1' ? 'that is what it is inside' : 'has the container been made anew since?'),
        })
      },
    },
    {
      id: '07.3',
      claim: { en: 'you have counted the namespaces that it does not share', zh: '你数清了它不与别人共享的 namespace' },
      async look(place) {
        const { state } = await theContainer(place.container)
        return answered(place, '07.3', ownNamespaces(state.pid!).length, {
          expected: 'how many links of /proc/PID/ns differ from those of /proc/self/ns',
          hint: 'compare kind by kind; the two links for children do not count',
        })
      },
    },
    {
      id: '07.4',
      claim: { en: 'you have found the step that changes the root', zh: '你找到了换根的那一步' },
      async look(place) {
        const plan = await planOf(await openBundle(place.path('bundle')), { id: place.container })
        return answered(place, '07.4', plan.findIndex(step => step.op === 'pivot') + 1, {
          expected: 'the number in front of a step of the plan',
          hint: 'steps are counted from 1, as the picture does',
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
        const hint = ran ? 'after kill it takes a moment until it is stopped, and only then can it go' : 'first do 07.1'
        return same({ ran, left }, { ran: true, left: [] }, `containers called ${place.container}`, hint)
      },
    },
    {
      id: '07.6',
      claim: { en: 'the container is created, and not started', zh: '容器已创建，尚未启动' },
      undo: removeContainers,
      async look(place) {
        const { runtime, state } = await theContainer(place.container)
        return same(state.status, 'created', `${runtime} state ${place.container}`, 'is it running already?')
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
