/** The `linux` part of config.json: runtime-spec config-linux.md. */
export interface LinuxConfig {
  namespaces?: Namespace[]
  uidMappings?: IdMapping[]
  gidMappings?: IdMapping[]
  timeOffsets?: Record<string, { secs?: number; nanosecs?: number }>
  devices?: Device[]
  netDevices?: Record<string, { name?: string }>
  cgroupsPath?: string
  resources?: Resources
  sysctl?: Record<string, string>
  seccomp?: Seccomp
  rootfsPropagation?: string
  maskedPaths?: string[]
  readonlyPaths?: string[]
  mountLabel?: string
  personality?: { domain: string; flags?: string[] }
  intelRdt?: object
  memoryPolicy?: { mode: string; nodes?: string; flags?: string[] }
}

export type NamespaceType = 'pid' | 'network' | 'ipc' | 'uts' | 'mount' | 'user' | 'cgroup' | 'time'

/** With a path the container joins that namespace; without, it gets a new one. */
export interface Namespace {
  type: NamespaceType
  path?: string
}

export interface IdMapping {
  containerID: number
  hostID: number
  size: number
}

/** A device node to make in the rootfs. config-linux.md § Devices. */
export interface Device {
  type: 'c' | 'b' | 'u' | 'p'
  path: string
  major?: number
  minor?: number
  fileMode?: number
  uid?: number
  gid?: number
}

/** What cgroups give and forbid. config-linux.md § Control groups. Sizes are bytes, times are microseconds. */
export interface Resources {
  devices?: DeviceRule[]
  memory?: MemoryResources
  cpu?: CpuResources
  pids?: { limit?: number }
  blockIO?: BlockIo
  hugepageLimits?: { pageSize: string; limit: number }[]
  network?: { classID?: number; priorities?: { name: string; priority: number }[] }
  rdma?: Record<string, { hcaHandles?: number; hcaObjects?: number }>
  unified?: Record<string, string>
}

export interface DeviceRule {
  allow: boolean
  type?: 'a' | 'c' | 'b'
  major?: number
  minor?: number
  /** Of r, w and m (mknod). */
  access?: string
}

export interface MemoryResources {
  limit?: number
  reservation?: number
  swap?: number
  kernel?: number
  kernelTCP?: number
  swappiness?: number
  disableOOMKiller?: boolean
  useHierarchy?: boolean
  checkBeforeUpdate?: boolean
}

export interface CpuResources {
  shares?: number
  quota?: number
  burst?: number
  period?: number
  realtimeRuntime?: number
  realtimePeriod?: number
  cpus?: string
  mems?: string
  idle?: number
}

export interface BlockIo {
  weight?: number
  leafWeight?: number
  weightDevice?: { major: number; minor: number; weight?: number; leafWeight?: number }[]
  throttleReadBpsDevice?: ThrottleDevice[]
  throttleWriteBpsDevice?: ThrottleDevice[]
  throttleReadIOPSDevice?: ThrottleDevice[]
  throttleWriteIOPSDevice?: ThrottleDevice[]
}

export interface ThrottleDevice {
  major: number
  minor: number
  rate: number
}

/** Which system calls the program may make. config-linux.md § Seccomp. */
export interface Seccomp {
  defaultAction: string
  defaultErrnoRet?: number
  architectures?: string[]
  flags?: string[]
  listenerPath?: string
  listenerMetadata?: string
  syscalls?: SyscallRule[]
}

export interface SyscallRule {
  names: string[]
  action: string
  errnoRet?: number
  args?: { index: number; value: number; valueTwo?: number; op: string }[]
}
