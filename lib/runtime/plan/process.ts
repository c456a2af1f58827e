import { constants } from 'node:os'
import type { RuntimeProcess, Scheduler } from '../../spec/runtimeConfig.ts'
import { becomeUser } from './capabilities.ts'
import { candidatesFor } from './programs.ts'
import { SLOT, type Step } from './step.ts'

/** What a process needs beside its own description. */
export interface ProcessPlace {
  /** The capabilities this process itself may have, and so give. */
  held: bigint
  /** Whether groups may be set: not in a user namespace that an ordinary user made. */
  setGroups: boolean
  /** The compiled filter; one that asks has a listener, who must be told. */
  seccomp?: { program: Uint8Array; flags: number; listener: boolean }
  /** How many descriptors above stderr it keeps. */
  preserved: number
}

/** All that is set while the process may still set it, then its user, then nothing is left but to run the program. */
export function processSteps(process: RuntimeProcess, place: ProcessPlace): { before: Step[]; last: Step[] } {
  const { seccomp } = place
  const filter: Step[] = seccomp ? filterSteps(seccomp) : []
  const candidates = candidatesFor(process)
  // A filter that was not promised to give no new privileges needs CAP_SYS_ADMIN, so it comes before that goes; one with
  // a listener comes while the runtime is still there to hand it over; any other as late as it can.
  const late = process.noNewPrivileges && !seccomp?.listener
  return {
    before: [
      ...limits(process),
      ...labels(process),
      ...closeHostFiles(),
      { op: 'chdir', path: process.cwd },
      { op: 'ownStreams', uid: process.user.uid },
      { op: 'closeFrom', fd: 3 + place.preserved },
      ...(process.noNewPrivileges ? [{ op: 'noNewPrivileges' as const }] : filter),
      ...becomeUser(process, place.held, place.setGroups),
      { op: 'find', candidates },
      ...(process.noNewPrivileges && !late ? filter : []),
    ],
    last: [...(late ? filter : []), { op: 'exec', candidates, args: process.args ?? [], env: process.env ?? [] }],
  }
}

/**
 * What is still open of the host's is closed while nobody in the container may look into this process: it still has more
 * capabilities than they. Only what waits for `start` is kept.
 */
export function closeHostFiles(): Step[] {
  return [{ op: 'closeSlots', keep: [SLOT.fifo, SLOT.descriptors] }]
}

function filterSteps({ program, flags, listener }: NonNullable<ProcessPlace['seccomp']>): Step[] {
  const set: Step = { op: 'seccomp', program, flags }
  return listener ? [set, { op: 'sync', name: 'filtered', slot: SLOT.listener }] : [set]
}

/** setrlimit(2): the kernel's number of each. */
export const RLIMITS = new Map(
  [
    ...['CPU', 'FSIZE', 'DATA', 'STACK', 'CORE', 'RSS', 'NPROC', 'NOFILE', 'MEMLOCK', 'AS', 'LOCKS', 'SIGPENDING'],
    ...['MSGQUEUE', 'NICE', 'RTPRIO', 'RTTIME'],
  ].map((name, number) => [`RLIMIT_${name}`, number]),
)

function limits(process: RuntimeProcess): Step[] {
  const { rlimits = [], scheduler, ioPriority, execCPUAffinity } = process
  const steps: Step[] = rlimits.map(({ type, soft, hard }) => ({
    ...{ op: 'rlimit', name: type, resource: RLIMITS.get(type)! },
    ...{ soft, hard },
  }))
  if (scheduler) steps.push({ op: 'scheduler', attributes: schedulerAttributes(scheduler) })
  if (ioPriority)
    steps.push({ op: 'ioPriority', value: (IO_CLASSES.indexOf(ioPriority.class) << 13) | ioPriority.priority })
  if (execCPUAffinity?.final) steps.push({ op: 'affinity', mask: bitMask(execCPUAffinity.final) })
  return steps
}

/** They take effect on exec. apparmor(7), selinux(8) */
function labels({ apparmorProfile, selinuxLabel }: RuntimeProcess): Step[] {
  return [
    ...(apparmorProfile
      ? [{ op: 'proc' as const, path: 'self/attr/apparmor/exec', value: `exec ${apparmorProfile}` }]
      : []),
    ...(selinuxLabel ? [{ op: 'proc' as const, path: 'self/attr/exec', value: selinuxLabel }] : []),
  ]
}

const IO_CLASSES = ['', 'IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE']
const POLICIES = ['SCHED_OTHER', 'SCHED_FIFO', 'SCHED_RR', 'SCHED_BATCH', 'SCHED_ISO', 'SCHED_IDLE', 'SCHED_DEADLINE']
const SCHEDULER_FLAGS = [
  ...['SCHED_FLAG_RESET_ON_FORK', 'SCHED_FLAG_RECLAIM', 'SCHED_FLAG_DL_OVERRUN', 'SCHED_FLAG_KEEP_POLICY'],
  ...['SCHED_FLAG_KEEP_PARAMS', 'SCHED_FLAG_UTIL_CLAMP_MIN', 'SCHED_FLAG_UTIL_CLAMP_MAX'],
]

/** struct sched_attr of linux/sched/types.h, its first version. */
function schedulerAttributes({ policy, nice = 0, priority = 0, flags = [], ...times }: Scheduler): Uint8Array {
  const bytes = Buffer.alloc(48)
  bytes.writeUInt32LE(bytes.length, 0)
  bytes.writeUInt32LE(POLICIES.indexOf(policy), 4)
  bytes.writeBigUInt64LE(
    flags.reduce((bits, flag) => bits | (1n << BigInt(SCHEDULER_FLAGS.indexOf(flag))), 0n),
    8,
  )
  bytes.writeInt32LE(nice, 16)
  bytes.writeUInt32LE(priority, 20)
  bytes.writeBigUInt64LE(BigInt(times.runtime ?? 0), 24)
  bytes.writeBigUInt64LE(BigInt(times.deadline ?? 0), 32)
  bytes.writeBigUInt64LE(BigInt(times.period ?? 0), 40)
  return bytes
}

/** A list like `0-2,7` as bits, eight bytes at a time, as the kernel counts processors and memory nodes. */
export function bitMask(list: string): Uint8Array {
  const numbers = list.split(',').flatMap(part => {
    const [from, to = from] = part.trim().split('-').map(Number)
    return Array.from({ length: to! - from! + 1 }, (_, i) => from! + i)
  })
  const bytes = Buffer.alloc(Math.ceil((Math.max(0, ...numbers) + 1) / 64) * 8)
  for (const number of numbers) bytes[number >> 3]! |= 1 << (number & 7)
  return bytes
}

/** The number of a signal: `15`, `TERM`, `SIGTERM`, or one of the real-time ones, `RTMIN+3`. */
export function signalNumber(signal: string): number | undefined {
  if (/^\d+$/.test(signal)) return Number(signal) <= 64 ? Number(signal) : undefined
  const name = `SIG${signal.toUpperCase().replace(/^SIG/, '')}`
  const [, base, offset] = /^SIGRT(MIN|MAX)([+-]\d+)?$/.exec(name) ?? []
  if (base) {
    const number = (base === 'MIN' ? 34 : 64) + Number(offset ?? 0)
    return number >= 34 && number <= 64 ? number : undefined
  }
  return (constants.signals as Record<string, number>)[name]
}
