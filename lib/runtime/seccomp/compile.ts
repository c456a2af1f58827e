import { type NativeFilter, type NativeSeccomp, nativeSeccomp } from '../../kernel.ts'
import type { Seccomp } from '../../spec/linuxConfig.ts'
import { encode, INSTRUCTION, LONGEST } from './bpf.ts'
import { invalid } from './check.ts'
import { enosysStub, forbids, type LastCall } from './enosys.ts'
import { flagsOf, type Profile, profileOf, type Rule } from './profile.ts'

/** SECCOMP_FILTER_FLAG_NEW_LISTENER */
const NEW_LISTENER = 1 << 3
/** SCMP_FLTATR_CTL_OPTIMIZE, and its value for a binary tree of system calls. */
const OPTIMIZE = 8
const BINARY_TREE = 2
/** A tree pays above so many names. Without any rule libseccomp up to 2.5.4 makes a wrong one. */
const MANY = 32

/**
 * The filter as the kernel wants it: an array of struct sock_filter, 8 bytes each. Names that libseccomp does not know
 * are skipped, as runc and crun do. Throws `CONFIG_INVALID` naming the JSON path, `NATIVE_MISSING`. config-linux.md § Seccomp.
 */
export function compileSeccomp(seccomp: Seccomp): Uint8Array {
  const profile = profileOf(seccomp)
  const library = nativeSeccomp()
  const stub = forbids(profile.defaultAction) ? enosysStub(lastCalls(profile, library)) : []
  const program = Buffer.concat([encode(stub), filterOf(profile, library)])
  const length = program.length / INSTRUCTION
  if (length > LONGEST)
    throw invalid('linux.seccomp', 'too long for the kernel', `at most ${LONGEST} instructions`, length)
  return program
}

/**
 * The flags of seccomp(2) SECCOMP_SET_MODE_FILTER; SPEC_ALLOW where the config has no `flags`, as runc and crun do.
 * a filter that asks somebody has NEW_LISTENER, too. Throws `CONFIG_INVALID`. config-linux.md § Seccomp.
 */
export function seccompFlags(seccomp: Seccomp): number {
  return flagsOf(seccomp.flags) | (seccompListener(seccomp) ? NEW_LISTENER : 0)
}

/** Whether the filter asks somebody, at `listenerPath`. Throws `CONFIG_INVALID` where nobody is there to be asked. */
export function seccompListener({ syscalls, listenerPath }: Seccomp): boolean {
  const asking = syscalls?.findIndex(({ action }) => action === 'SCMP_ACT_NOTIFY') ?? -1
  if (asking >= 0 && !listenerPath)
    throw invalid('linux.seccomp.listenerPath', `needed by syscalls[${asking}]`, 'the path of a socket', listenerPath)
  return asking >= 0
}

function filterOf(profile: Profile, library: NativeSeccomp): Uint8Array {
  const { defaultAction, rules } = profile
  const filter = refused('linux.seccomp.defaultAction', library, () => new library.Filter(defaultAction))
  addArchitectures(filter, profile, library)
  const names = rules.reduce((sum, rule) => sum + rule.names.length, 0)
  if (names > MANY) filter.attribute(OPTIMIZE, BINARY_TREE)
  // libseccomp refuses a rule that says what the default says anyway.
  for (const rule of rules) if (rule.action !== defaultAction) addRule(filter, rule, library)
  return filter.export()
}

/** The machine's own is in a filter from the start. */
function addArchitectures(filter: NativeFilter, { architectures }: Profile, library: NativeSeccomp): void {
  const there = new Set([library.nativeArch()])
  for (const [i, token] of architectures.entries()) {
    if (there.has(token)) continue
    refused(`linux.seccomp.architectures[${i}]`, library, () => filter.addArch(token))
    there.add(token)
  }
}

function addRule(filter: NativeFilter, { where, names, action, alternatives }: Rule, library: NativeSeccomp): void {
  for (const name of names)
    for (const conditions of alternatives)
      refused(`${where} (${name})`, library, () => filter.rule(action, name, conditions))
}

/** runc looks at every name of the profile, also of rules that say what the default says: they are known to its writer. */
function lastCalls({ architectures, rules }: Profile, library: NativeSeccomp): LastCall[] {
  const names = [...new Set(rules.flatMap(rule => rule.names))]
  const tokens = [...new Set([library.nativeArch(), ...architectures])]
  return tokens
    .map(architecture => ({
      architecture,
      number: library.resolve(architecture, names).reduce((last, number) => Math.max(last, number), 0),
    }))
    .filter(({ number }) => number > 0)
}

/** What is left to go wrong in libseccomp: an architecture or an action it is too old for, another byte order. */
function refused<T>(where: string, library: NativeSeccomp, call: () => T): T {
  try {
    return call()
  } catch (error) {
    const { syscall, message } = error as Error & { syscall?: string }
    if (syscall === undefined) throw error
    const want = `what libseccomp ${library.version()} can do on this machine`
    throw invalid(where, 'refused', want, message, error)
  }
}
