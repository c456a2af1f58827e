import type { Device, LinuxConfig, Namespace } from '../linuxConfig.ts'
import { idMappings } from './idMappingRules.ts'
import { numberList } from './processRules.ts'
import { resourcesRule } from './resourceRules.ts'
import {
  absolute,
  boolean,
  every,
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
  texts,
  whole,
} from './rule.ts'
import { seccompRule } from './seccompRules.ts'
import { sysctlPath } from './sysctl.ts'
import { MEMORY_FLAGS, MEMORY_MODES, NAMESPACE_TYPES, PROPAGATIONS } from './words.ts'

const namespaces = list(
  // An empty path is none, as in programs written in Go.
  object<Namespace>(
    { type: oneOf(NAMESPACE_TYPES), path: matching(/^(\/|$)/, 'a path that begins with /', 'not absolute') },
    ['type'],
  ),
  once<Namespace>('type'),
)

// dev_t has 12 bits for the major number and 20 for the minor.
const device = object<Device>(
  {
    type: oneOf(['c', 'b', 'u', 'p']),
    path: absolute,
    major: whole(0, 0xfff),
    minor: whole(0, 0xfffff),
    fileMode: whole(0, 0o777),
    uid: whole(0, 2 ** 32 - 2),
    gid: whole(0, 2 ** 32 - 2),
  },
  ['type', 'path'],
  ({ type, major, minor }, path, tell) => {
    if (type === 'p') return
    if (major === undefined) tell(`${path}.major`, 'missing', 'the number of its driver', undefined)
    if (minor === undefined) tell(`${path}.minor`, 'missing', 'its number', undefined)
  },
)

/** One path is one node. */
const onePlaceEach: Together<Device[]> = (devices, path, tell) => {
  const numbers = ({ type, major, minor }: Device) => `${type} ${major}:${minor}`
  const seen = new Map<string, string>()
  for (const [index, device] of devices.entries()) {
    const before = seen.get(device.path)
    if (before !== undefined && before !== numbers(device))
      tell(`${path}[${index}].path`, 'given twice', `${before}, as before`, `${device.path} (${numbers(device)})`)
    seen.set(device.path, numbers(device))
  }
}

/** What dev_valid_name() of the kernel takes. */
const linkName = every(
  matching(/^[^/:\s]{1,15}$/, 'at most 15 characters, without / : and space', 'no name of a network device'),
  matching(/^(?!\.\.?$)/, 'a name', 'no name of a network device'),
)

const sysctlName: Rule = every(filled, (value, path, tell) => {
  const parts = sysctlPath(value as string).split('/')
  if (parts.length < 2 || parts.some(part => ['', '.', '..'].includes(part)))
    tell(path, 'no kernel parameter', 'a name such as net.core.somaxconn', value)
})

/** It becomes part of a path: config-linux.md § Cgroups Path */
const cgroupsPath: Rule = every(text, (value, path, tell) => {
  const parts = (value as string).split('/')
  if (parts.includes('..')) tell(path, 'has a part ".."', 'a path without', value)
  else if ((value as string).includes('\n')) tell(path, 'has a line break', 'a path without', value)
  else if (value !== '' && parts.every(part => part === '' || part === '.'))
    tell(path, 'the root of all cgroups', 'a cgroup below it', value)
})

const timeOffset = object({ secs: int64, nanosecs: whole(0, 999_999_999) })
const paths = list(absolute)

/** `linux` of config.json. config-linux.md */
export const linuxRule: Rule = object<LinuxConfig>({
  namespaces,
  uidMappings: idMappings,
  gidMappings: idMappings,
  timeOffsets: map(timeOffset, oneOf(['monotonic', 'boottime'])),
  devices: list(device, onePlaceEach),
  netDevices: map(object({ name: linkName }), linkName),
  cgroupsPath,
  resources: resourcesRule,
  sysctl: map(text, sysctlName),
  seccomp: seccompRule,
  rootfsPropagation: oneOf(PROPAGATIONS),
  maskedPaths: paths,
  readonlyPaths: paths,
  mountLabel: text,
  personality: object({ domain: oneOf(['LINUX', 'LINUX32']), flags: texts }, ['domain']),
  intelRdt: object({
    closID: text,
    schemata: list(matching(/^[^\n]*$/, 'one line')),
    l3CacheSchema: text,
    memBwSchema: matching(/^MB:[^\n]*$/, 'a line that begins with MB:'),
    enableMonitoring: boolean,
  }),
  memoryPolicy: object({ mode: oneOf(MEMORY_MODES), nodes: numberList, flags: list(oneOf(MEMORY_FLAGS)) }, ['mode']),
})
