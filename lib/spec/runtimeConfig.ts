import type { IdMapping, LinuxConfig } from './linuxConfig.ts'

export type { IdMapping, LinuxConfig, Namespace } from './linuxConfig.ts'

/** config.json of a bundle: what to run, and how far apart. runtime-spec config.md; its Linux part is in linuxConfig.ts. */
export interface RuntimeConfig {
  ociVersion: string
  process?: RuntimeProcess
  root?: { path: string; readonly?: boolean }
  hostname?: string
  domainname?: string
  mounts?: Mount[]
  hooks?: Partial<Record<HookKind, Hook[]>>
  annotations?: Record<string, string>
  linux?: LinuxConfig
}

/** The program in the container. config.md § Process. */
export interface RuntimeProcess {
  terminal?: boolean
  consoleSize?: { height: number; width: number }
  user: RuntimeUser
  args?: string[]
  env?: string[]
  cwd: string
  capabilities?: Partial<Record<CapabilitySet, string[]>>
  rlimits?: { type: string; hard: number; soft: number }[]
  noNewPrivileges?: boolean
  apparmorProfile?: string
  oomScoreAdj?: number
  scheduler?: Scheduler
  ioPriority?: { class: string; priority: number }
  execCPUAffinity?: { initial?: string; final?: string }
  selinuxLabel?: string
}

export type CapabilitySet = 'bounding' | 'effective' | 'inheritable' | 'permitted' | 'ambient'

/** sched_setattr(2). Times are nanoseconds. */
export interface Scheduler {
  policy: string
  nice?: number
  priority?: number
  flags?: string[]
  runtime?: number
  deadline?: number
  period?: number
}

export interface RuntimeUser {
  uid: number
  gid: number
  umask?: number
  additionalGids?: number[]
}

export interface Mount {
  destination: string
  type?: string
  source?: string
  options?: string[]
  uidMappings?: IdMapping[]
  gidMappings?: IdMapping[]
}

/** When a hook is run: runtime.md § Lifecycle. */
export type HookKind = 'prestart' | 'createRuntime' | 'createContainer' | 'startContainer' | 'poststart' | 'poststop'

export interface Hook {
  path: string
  args?: string[]
  env?: string[]
  /** In seconds. */
  timeout?: number
}

/** What `runc state` tells. runtime.md § State. */
export interface ContainerState {
  ociVersion: string
  id: string
  pid: number
  status: ContainerStatus
  bundle: string
  rootfs?: string
  created?: string
  annotations?: Record<string, string>
  owner?: string
}

export type ContainerStatus = 'creating' | 'created' | 'running' | 'paused' | 'stopped'
