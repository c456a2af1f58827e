import { readFileSync } from 'node:fs'
import { RuntimeError } from '../../errors.ts'
import { setResources } from '../../runtime/cgroup/cgroup.ts'
import { loadState, saveState, statePaths, statusOf } from '../../runtime/container/state.ts'
import { parseJson } from '../../spec/goJson.ts'
import type { Resources } from '../../spec/linuxConfig.ts'
import { checkResources } from '../../spec/runtime/check.ts'
import { type Flags, numberOf, oneOf } from './flags.ts'
import type { Command } from './global.ts'

export const command: Command = {
  flags: {
    resources: 'value',
    r: '=resources',
    'blkio-weight': 'value',
    'cpu-period': 'value',
    'cpu-quota': 'value',
    'cpu-burst': 'value',
    'cpu-share': 'value',
    'cpu-rt-period': 'value',
    'cpu-rt-runtime': 'value',
    'cpu-idle': 'value',
    'cpuset-cpus': 'value',
    'cpuset-mems': 'value',
    memory: 'value',
    'memory-reservation': 'value',
    'memory-swap': 'value',
    'kernel-memory': 'value',
    'kernel-memory-tcp': 'value',
    'pids-limit': 'value',
    'l3-cache-schema': 'value',
    'mem-bw-schema': 'value',
  },
  usage: '[command options] <container-id>',
  operands: [1, 1],
  run({ flags, operands: [id], global }) {
    const saved = loadState(global.root, id!)
    const status = statusOf(saved, statePaths(global.root, id!).fifo)
    if (status === 'stopped')
      throw new RuntimeError('CONTAINER_WRONG_STATUS', 'container not running', { want: 'running', got: status })
    for (const name of ['l3-cache-schema', 'mem-bw-schema'])
      if (flags[name]) throw new RuntimeError('UNSUPPORTED', `--${name}: not supported: no Intel RDT`, { where: name })
    const resources = resourcesOf(flags)
    setResources(saved.cgroups, resources, { skipDevices: true })
    const linux = saved.config.linux ?? {}
    const merged = { ...linux.resources, ...merge(linux.resources ?? {}, resources) }
    saveState(global.root, { ...saved, config: { ...saved.config, linux: { ...linux, resources: merged } } })
    return 0
  },
}

function resourcesOf(flags: Flags): Resources {
  const file = oneOf(flags, 'resources')
  if (file !== undefined)
    return checkResources(parseJson(readFileSync(file === '-' ? 0 : file), file, 'CONFIG_INVALID'), file)
  const size = (name: string) => bytesOf(oneOf(flags, name), name)
  const number = (name: string) => numberOf(flags, name)
  const asked = present({
    cpu: present({
      shares: number('cpu-share'),
      quota: number('cpu-quota'),
      burst: number('cpu-burst'),
      period: number('cpu-period'),
      realtimePeriod: number('cpu-rt-period'),
      realtimeRuntime: number('cpu-rt-runtime'),
      cpus: oneOf(flags, 'cpuset-cpus'),
      mems: oneOf(flags, 'cpuset-mems'),
      idle: number('cpu-idle'),
    }),
    memory: present({
      limit: size('memory'),
      reservation: size('memory-reservation'),
      swap: size('memory-swap'),
      kernel: size('kernel-memory'),
      kernelTCP: size('kernel-memory-tcp'),
    }),
    pids: present({ limit: number('pids-limit') }),
    blockIO: present({ weight: number('blkio-weight') }),
  })
  return checkResources(asked ?? {}, 'update')
}

/** Without the fields that nobody gave, and nothing at all where that leaves none. */
function present<T extends object>(value: T): T | undefined {
  const given = Object.entries(value).filter(([, field]) => field !== undefined)
  return given.length > 0 ? (Object.fromEntries(given) as T) : undefined
}

function merge(old: Resources, changes: Resources): Resources {
  const fields = Object.entries(changes).map(([name, value]) => {
    const before = old[name as keyof Resources]
    return [name, Array.isArray(value) ? value : { ...before, ...value }]
  })
  return Object.fromEntries(fields)
}

const POWERS = 'bkmgtp'

/** A size as Docker takes it: `64m`; -1 is no limit. Throws `ARGUMENT_INVALID`. */
function bytesOf(text: string | undefined, where: string): number | undefined {
  if (text === undefined) return undefined
  if (text === '-1') return -1
  const [, number, unit = 'b'] = /^(\d+(?:\.\d+)?) ?([bkmgtp])?i?b?$/i.exec(text) ?? []
  if (number) return Math.trunc(Number(number) * 1024 ** POWERS.indexOf(unit.toLowerCase()))
  throw new RuntimeError('ARGUMENT_INVALID', `invalid value for ${where}: want a size such as 64m, got ${text}`, {
    got: text,
  })
}
