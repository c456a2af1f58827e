import type { Seccomp, SyscallRule } from '../linuxConfig.ts'
import { filled, list, object, oneOf, type Rule, type Tell, type Together, text, uint32, whole } from './rule.ts'
import { SECCOMP_ACTIONS, SECCOMP_ARCHITECTURES, SECCOMP_FLAGS, SECCOMP_OPERATORS } from './words.ts'

// A filter that compares with another number than was written would be a hole, and above this JSON numbers are rounded.
const value = whole(0, Number.MAX_SAFE_INTEGER)
const WITH_ERRNO = ['SCMP_ACT_ERRNO', 'SCMP_ACT_TRACE']

function errnoFits(action: string, errno: number | undefined, path: string, tell: Tell): void {
  if (errno !== undefined && !WITH_ERRNO.includes(action))
    tell(path, `${action} has none`, WITH_ERRNO.join(' or '), errno)
}

const names = list<string>(filled, (all, path, tell) => {
  if (all.length === 0) tell(path, 'empty', 'at least one system call', all)
})

const call: Rule = object<SyscallRule>(
  {
    names,
    action: oneOf(SECCOMP_ACTIONS),
    errnoRet: uint32,
    args: list(
      object({ index: whole(0, 5), value, valueTwo: value, op: oneOf(SECCOMP_OPERATORS) }, ['index', 'value', 'op']),
    ),
  },
  ['names', 'action'],
  ({ names, action, errnoRet }, path, tell) => {
    errnoFits(action, errnoRet, `${path}.errnoRet`, tell)
    // Before the filter is set nobody has the agent's descriptor yet, and it is handed over with a write.
    if (action === 'SCMP_ACT_NOTIFY' && names.includes('write'))
      tell(`${path}.action`, 'an agent cannot be asked about write', 'another action', action)
  },
)

const profileFields: Together<Seccomp> = (seccomp, path, tell) => {
  const { defaultAction, defaultErrnoRet, listenerPath, listenerMetadata, syscalls = [] } = seccomp
  errnoFits(defaultAction, defaultErrnoRet, `${path}.defaultErrnoRet`, tell)
  if (defaultAction === 'SCMP_ACT_NOTIFY')
    tell(`${path}.defaultAction`, 'an agent cannot be asked about every call', 'another action', defaultAction)
  const asked = syscalls.some(({ action }) => action === 'SCMP_ACT_NOTIFY')
  if (asked && !listenerPath) tell(`${path}.listenerPath`, 'missing', 'where SCMP_ACT_NOTIFY is told', listenerPath)
  if (listenerMetadata && !listenerPath)
    tell(`${path}.listenerMetadata`, 'for nobody', 'a listenerPath beside it', listenerMetadata)
}

/** `linux.seccomp` of config.json. config-linux.md § Seccomp */
export const seccompRule: Rule = object<Seccomp>(
  {
    defaultAction: oneOf(SECCOMP_ACTIONS),
    defaultErrnoRet: uint32,
    architectures: list(oneOf(SECCOMP_ARCHITECTURES)),
    flags: list(oneOf(SECCOMP_FLAGS)),
    listenerPath: text,
    listenerMetadata: text,
    syscalls: list(call),
  },
  ['defaultAction'],
  profileFields,
)
