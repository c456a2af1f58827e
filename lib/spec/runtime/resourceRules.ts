import type { CpuResources, MemoryResources } from '../linuxConfig.ts'
import {
  boolean,
  filled,
  int64,
  list,
  map,
  matching,
  object,
  once,
  oneOf,
  type Rule,
  type Together,
  text,
  uint32,
  uint64,
  whole,
} from './rule.ts'

const MAX_MAJOR = 2 ** 32 - 1

// Programs written in Go say -1 for "all".
const device = object(
  {
    allow: boolean,
    type: oneOf(['a', 'b', 'c', '']),
    major: whole(-1, MAX_MAJOR),
    minor: whole(-1, MAX_MAJOR),
    access: matching(/^[rwm]+$/, 'some of r, w and m'),
  },
  ['allow', 'access'],
)

const memoryFields: Together<MemoryResources> = ({ limit = 0, swap = 0 }, path, tell) => {
  // It is memory and swap together.
  if (limit > 0 && swap > 0 && swap < limit) tell(`${path}.swap`, 'below the limit', `at least ${limit}`, swap)
}

const memory = object<MemoryResources>(
  {
    limit: int64,
    reservation: int64,
    swap: int64,
    kernel: int64,
    kernelTCP: int64,
    swappiness: whole(0, 100),
    disableOOMKiller: boolean,
    useHierarchy: boolean,
    checkBeforeUpdate: boolean,
  },
  [],
  memoryFields,
)

const cpuFields: Together<CpuResources> = ({ quota = 0, period = 0, burst = 0, ...realtime }, path, tell) => {
  if (period !== 0 && (period < 1000 || period > 1_000_000))
    tell(`${path}.period`, 'out of range', 'from 1000 to 1000000 microseconds', period)
  if (quota > 0 && quota < 1000) tell(`${path}.quota`, 'out of range', 'at least 1000 microseconds', quota)
  if (quota > 0 && burst > quota) tell(`${path}.burst`, 'above the quota', `at most ${quota}`, burst)
  const { realtimeRuntime = 0, realtimePeriod = 0 } = realtime
  if (realtimePeriod > 0 && realtimeRuntime > realtimePeriod)
    tell(`${path}.realtimeRuntime`, 'above the period', `at most ${realtimePeriod}`, realtimeRuntime)
}

/** The kernel reads more than lists: cpuset(7) § List format */
const cpuset = matching(/^[\d,:/\s-]*$/, 'a list such as 0-2,7')

const cpu = object<CpuResources>(
  {
    shares: uint64,
    quota: int64,
    burst: uint64,
    period: uint64,
    realtimeRuntime: int64,
    realtimePeriod: uint64,
    cpus: cpuset,
    mems: cpuset,
    idle: whole(0, 1),
  },
  [],
  cpuFields,
)

/** 0 is as good as none. */
const weight: Rule = (value, path, tell) => {
  if (value !== 0) whole(10, 1000)(value, path, tell)
}
const number = whole(0, MAX_MAJOR)

const throttles = list(object({ major: number, minor: number, rate: uint64 }, ['major', 'minor', 'rate']))
const weights = list(
  object<{ weight?: number; leafWeight?: number }>(
    { major: number, minor: number, weight, leafWeight: weight },
    ['major', 'minor'],
    (entry, path, tell) => {
      if (entry.weight === undefined && entry.leafWeight === undefined)
        tell(`${path}.weight`, 'missing', 'a weight or a leafWeight', undefined)
    },
  ),
)

const blockIO = object({
  weight,
  leafWeight: weight,
  weightDevice: weights,
  throttleReadBpsDevice: throttles,
  throttleWriteBpsDevice: throttles,
  throttleReadIOPSDevice: throttles,
  throttleWriteIOPSDevice: throttles,
})

const hugepages = list(
  object(
    // It becomes part of a file's name.
    { pageSize: matching(/^[1-9]\d*[KMG]B$/, 'a size such as 2MB'), limit: uint64 },
    ['pageSize', 'limit'],
  ),
  once<{ pageSize: string }>('pageSize'),
)

const network = object({
  classID: uint32,
  priorities: list(object({ name: filled, priority: uint32 }, ['name', 'priority'])),
})

const rdma = map(
  object<{ hcaHandles?: number; hcaObjects?: number }>(
    { hcaHandles: uint32, hcaObjects: uint32 },
    [],
    (entry, path, tell) => {
      if (entry.hcaHandles === undefined && entry.hcaObjects === undefined)
        tell(path, 'empty', 'hcaHandles or hcaObjects', entry)
    },
  ),
  matching(/^[^\s/]+$/, 'the name of a device', 'no name of a device'),
)

/** A key is a file's name in the cgroup, and must not be more than that. */
const unified = map(text, matching(/^[^./]+\.[^/]+$/, 'CONTROLLER.PARAMETER', 'no file of a cgroup'))

/** `linux.resources` of config.json, and what `update` is given. config-linux.md § Control groups */
export const resourcesRule: Rule = object({
  devices: list(device),
  memory,
  cpu,
  pids: object({ limit: int64 }, ['limit']),
  blockIO,
  hugepageLimits: hugepages,
  network,
  rdma,
  unified,
})
