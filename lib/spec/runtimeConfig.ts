/** config.json of a bundle: what to run, and how far apart. runtime-spec config.md and config-linux.md. */
export interface RuntimeConfig {
  ociVersion: string
  process?: RuntimeProcess
  root?: { path: string; readonly?: boolean }
  hostname?: string
  domainname?: string
  mounts?: Mount[]
  hooks?: Record<string, Hook[]>
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
  selinuxLabel?: string
}

export type CapabilitySet = 'bounding' | 'effective' | 'inheritable' | 'permitted' | 'ambient'

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
}

export interface Hook {
  path: string
  args?: string[]
  env?: string[]
  /** In seconds. */
  timeout?: number
}

export interface LinuxConfig {
  namespaces?: Namespace[]
  uidMappings?: IdMapping[]
  gidMappings?: IdMapping[]
  devices?: object[]
  cgroupsPath?: string
  resources?: Record<string, unknown>
  sysctl?: Record<string, string>
  seccomp?: object
  rootfsPropagation?: string
  maskedPaths?: string[]
  readonlyPaths?: string[]
  mountLabel?: string
  [more: string]: unknown
}

/** With a path the container joins that namespace; without, it gets a new one. */
export interface Namespace {
  type: 'pid' | 'network' | 'ipc' | 'uts' | 'mount' | 'user' | 'cgroup' | 'time'
  path?: string
}

export interface IdMapping {
  containerID: number
  hostID: number
  size: number
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
