import type { Command } from './global.ts'

/** A verb of `ocirun`, loaded when it is asked for: a process that makes a container has no time to load the others. */
export interface Verb {
  readonly name: string
  readonly summary: string
  load(): Promise<{ command: Command }>
}

export const verbs: readonly Verb[] = [
  {
    name: 'checkpoint',
    summary: 'not supported: checkpoint a running container',
    load: async () => ({ command: (await import('./refused.ts')).checkpoint }),
  },
  { name: 'create', summary: 'create a container', load: () => import('./create.ts') },
  { name: 'delete', summary: 'delete any resources held by the container', load: () => import('./delete.ts') },
  {
    name: 'events',
    summary: 'display container events such as OOM, and cpu, memory, and IO usage',
    load: () => import('./events.ts'),
  },
  { name: 'exec', summary: 'execute new process inside the container', load: () => import('./exec.ts') },
  { name: 'features', summary: 'show the enabled features', load: () => import('./features.ts') },
  {
    name: 'kill',
    summary: "send a signal (default: SIGTERM) to the container's init process",
    load: () => import('./kill.ts'),
  },
  { name: 'list', summary: 'list containers started by ocirun with the given root', load: () => import('./list.ts') },
  { name: 'pause', summary: 'suspend all processes inside the container', load: () => import('./pause.ts') },
  {
    name: 'plan',
    summary: 'print the steps that would make the container, and make none',
    load: () => import('./plan.ts'),
  },
  { name: 'ps', summary: 'display the processes running inside a container', load: () => import('./ps.ts') },
  {
    name: 'restore',
    summary: 'not supported: restore a container from a previous checkpoint',
    load: async () => ({ command: (await import('./refused.ts')).restore }),
  },
  { name: 'resume', summary: 'resume all processes that have been paused', load: () => import('./resume.ts') },
  { name: 'run', summary: 'create and run a container', load: () => import('./run.ts') },
  { name: 'spec', summary: 'create a new specification file', load: () => import('./spec.ts') },
  {
    name: 'start',
    summary: 'execute the user-defined process in a created container',
    load: () => import('./start.ts'),
  },
  { name: 'state', summary: 'output the state of a container', load: () => import('./state.ts') },
  { name: 'update', summary: 'update container resource constraints', load: () => import('./update.ts') },
]
