import type { Seccomp, SyscallRule } from '../../spec/linuxConfig.ts'
import { invalid, listOf, longOf, numberOf, wholeOf } from './check.ts'
import { ACTIONS, ARCHITECTURES, FLAGS, OPERATORS } from './names.ts'

/** What one argument of a system call is compared with: `[index, operator, value, second value]`. */
export type Condition = [index: number, operator: number, value: bigint, valueTwo: bigint]

/** An entry of `syscalls`, in numbers. */
export interface Rule {
  /** Its JSON path. */
  where: string
  names: readonly string[]
  action: number
  /** Each is a rule of its own: one of them is enough, and all conditions in it must hold. */
  alternatives: Condition[][]
}

/** A seccomp config, checked and in numbers. */
export interface Profile {
  defaultAction: number
  architectures: number[]
  flags: number
  rules: Rule[]
}

type Argument = NonNullable<SyscallRule['args']>[number]

const AT = 'linux.seccomp'
const EPERM = 1
// libseccomp takes no more, though the kernel would take 4095.
const MAX_ERRNO = 4094
const MAX_DATA = 0xffff

/** Reads `linux.seccomp`. Throws `CONFIG_INVALID`, naming the JSON path. config-linux.md § Seccomp. */
export function profileOf(seccomp: Seccomp): Profile {
  const { defaultAction, defaultErrnoRet, architectures, syscalls } = seccomp
  if (defaultAction === 'SCMP_ACT_NOTIFY')
    throw invalid(`${AT}.defaultAction`, 'an agent cannot be asked about every call', 'another action', defaultAction)
  return {
    defaultAction: actionOf(defaultAction, defaultErrnoRet, `${AT}.defaultAction`, `${AT}.defaultErrnoRet`),
    architectures: listOf(architectures, `${AT}.architectures`).map((name, i) =>
      numberOf(ARCHITECTURES, 'architecture', name, `${AT}.architectures[${i}]`),
    ),
    flags: flagsOf(seccomp.flags),
    rules: listOf(syscalls, `${AT}.syscalls`).map((rule, i) => ruleOf(rule, `${AT}.syscalls[${i}]`)),
  }
}

/** Where a config says nothing of flags, runc and crun leave the mitigation of speculative store bypass alone. */
export function flagsOf(flags: Seccomp['flags']): number {
  if (flags === undefined || flags === null) return FLAGS.SECCOMP_FILTER_FLAG_SPEC_ALLOW
  return listOf(flags, `${AT}.flags`)
    .map((flag, i) => numberOf(FLAGS, 'flag', flag, `${AT}.flags[${i}]`))
    .reduce((all, flag) => all | flag, 0)
}

function ruleOf(rule: SyscallRule, where: string): Rule {
  if (typeof rule !== 'object' || rule === null) throw invalid(where, 'no rule', 'an object', rule)
  const names = listOf(rule.names, `${where}.names`)
  for (const [i, name] of names.entries())
    if (typeof name !== 'string' || name === '' || name.includes('\0'))
      throw invalid(`${where}.names[${i}]`, 'no system call', 'a name', name)
  // Before the filter is set nobody has the agent's descriptor yet, and it is handed over with a write.
  if (rule.action === 'SCMP_ACT_NOTIFY' && names.includes('write'))
    throw invalid(`${where}.action`, 'an agent cannot be asked about write', 'another action', rule.action)
  const conditions = listOf(rule.args, `${where}.args`).map((arg, i) => conditionOf(arg, `${where}.args[${i}]`))
  return {
    where,
    names,
    action: actionOf(rule.action, rule.errnoRet, `${where}.action`, `${where}.errnoRet`),
    alternatives: alternativesOf(conditions),
  }
}

function conditionOf(arg: Argument, where: string): Condition {
  if (typeof arg !== 'object' || arg === null) throw invalid(where, 'no condition', 'an object', arg)
  return [
    wholeOf(arg.index, 5, `${where}.index`),
    numberOf(OPERATORS, 'operator', arg.op, `${where}.op`),
    longOf(arg.value, `${where}.value`),
    longOf(arg.valueTwo, `${where}.valueTwo`),
  ]
}

/** libseccomp compares an argument only once in a rule: where one comes twice, runc and crun make every condition a rule. */
function alternativesOf(conditions: Condition[]): Condition[][] {
  const indices = new Set(conditions.map(([index]) => index))
  return indices.size === conditions.length ? [conditions] : conditions.map(condition => [condition])
}

function actionOf(name: string, errnoRet: number | undefined | null, where: string, errnoWhere: string): number {
  const action = numberOf(ACTIONS, 'action', name, where)
  const given = errnoRet !== undefined && errnoRet !== null
  if (action === ACTIONS.SCMP_ACT_ERRNO || action === ACTIONS.SCMP_ACT_TRACE) {
    const most = action === ACTIONS.SCMP_ACT_ERRNO ? MAX_ERRNO : MAX_DATA
    return action + (given ? wholeOf(errnoRet, most, errnoWhere) : EPERM)
  }
  if (given) throw invalid(errnoWhere, `${name} has no errno`, 'nothing', errnoRet)
  return action
}
