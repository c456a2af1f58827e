import type { RuntimeProcess, Scheduler } from '../runtimeConfig.ts'
import {
  absolute,
  boolean,
  every,
  int32,
  list,
  object,
  once,
  oneOf,
  type Rule,
  type Together,
  text,
  texts,
  uint64,
  whole,
} from './rule.ts'
import { IO_CLASSES, RLIMITS, SCHEDULER_FLAGS, SCHEDULER_POLICIES } from './words.ts'

/** A user or group. The last number of 32 bits is -1: to setresuid(2) it means "stay who you are", and that is root. */
export const id = whole(0, 2 ** 32 - 2)

/** One argument at least, which is the program. config.md § Process */
const args = list<string>(text, (words, path, tell) => {
  if (words.length === 0) tell(path, 'empty', 'at least the program', words)
})

/** The spec wants both; to runc and crun, and so to programs that drive them, who is not named is root. */
const user = object({ uid: id, gid: id, umask: whole(0, 0o777), additionalGids: list(id) })

// Names that nobody knows are warned of, not refused. config.md § Linux Process
const capabilities = texts

const rlimit = object<{ soft: number; hard: number }>(
  { type: oneOf(RLIMITS), soft: uint64, hard: uint64 },
  ['type', 'soft', 'hard'],
  ({ soft, hard }, path, tell) => {
    if (soft > hard) tell(`${path}.soft`, 'above the hard limit', `at most ${hard}`, soft)
  },
)

/** Most processors a kernel can have been built for. */
const MAX_CPU = 8191

/** A list such as `0-2,7`. cpuset(7) § List format */
export const numberList = every(text, (value, path, tell) => {
  const parts = (value as string).trim() === '' ? [] : (value as string).split(',')
  for (const part of parts) {
    const [, from, to = from] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? []
    if (from === undefined) return tell(path, 'not a list of numbers', 'a list such as 0-2,7', value)
    if (Number(from) > Number(to)) return tell(path, `${part.trim()} runs backwards`, 'a list such as 0-2,7', value)
    if (Number(to) > MAX_CPU) return tell(path, 'out of range', `numbers up to ${MAX_CPU}`, value)
  }
})

/** sched(7): which fields go with which policy. */
const schedulerFields: Together<Scheduler> = ({ policy, nice = 0, priority = 0, ...times }, path, tell) => {
  const realTime = policy === 'SCHED_FIFO' || policy === 'SCHED_RR'
  const { runtime = 0, deadline = 0, period = 0 } = times
  if (!realTime && policy !== 'SCHED_DEADLINE' && (nice < -20 || nice > 19))
    tell(`${path}.nice`, 'out of range', 'from -20 to 19', nice)
  if (realTime && (priority < 1 || priority > 99))
    tell(`${path}.priority`, `out of range for ${policy}`, 'from 1 to 99', priority)
  if (!realTime && priority !== 0)
    tell(`${path}.priority`, `${policy} has none`, 'policy SCHED_FIFO or SCHED_RR', priority)
  if (policy === 'SCHED_DEADLINE') {
    if (runtime > deadline || (period !== 0 && deadline > period))
      tell(path, 'contradicts itself', 'runtime <= deadline <= period', { runtime, deadline, period })
    return
  }
  for (const name of ['runtime', 'deadline', 'period'] as const)
    if (times[name]) tell(`${path}.${name}`, `${policy} has none`, 'policy SCHED_DEADLINE', times[name])
}

const scheduler = object<Scheduler>(
  {
    policy: oneOf(SCHEDULER_POLICIES),
    nice: int32,
    priority: int32,
    flags: list(oneOf(SCHEDULER_FLAGS)),
    runtime: uint64,
    deadline: uint64,
    period: uint64,
  },
  ['policy'],
  schedulerFields,
)

/** `process` of config.json, and process.json of `exec`. config.md § Process */
export const processRule: Rule = object<RuntimeProcess>(
  {
    terminal: boolean,
    // struct winsize has 16 bits for each.
    consoleSize: object({ height: whole(0, 0xffff), width: whole(0, 0xffff) }, ['height', 'width']),
    cwd: absolute,
    env: texts,
    args,
    commandLine: text,
    user,
    rlimits: list(rlimit, once<{ type: string }>('type')),
    capabilities: object({
      bounding: capabilities,
      effective: capabilities,
      inheritable: capabilities,
      permitted: capabilities,
      ambient: capabilities,
    }),
    noNewPrivileges: boolean,
    apparmorProfile: text,
    selinuxLabel: text,
    oomScoreAdj: whole(-1000, 1000),
    scheduler,
    ioPriority: object({ class: oneOf(IO_CLASSES), priority: whole(0, 7) }, ['class']),
    execCPUAffinity: object({ initial: numberList, final: numberList }),
  },
  ['cwd', 'args'],
)
