import { expect, it } from 'vitest'
import { NAMESPACES } from '../../runtime/plan/namespaces.ts'
import { RLIMITS as NUMBERS } from '../../runtime/plan/process.ts'
import { knownActions, knownFlags, knownOperators } from '../../runtime/seccomp/names.ts'
import { NAMESPACE_TYPES, RLIMITS, SECCOMP_ACTIONS, SECCOMP_FLAGS, SECCOMP_OPERATORS } from './words.ts'

// A word that is let through must have a number below, and every number a word.
it.each<[string, readonly string[], Iterable<string>]>([
  ['namespaces', NAMESPACE_TYPES, Object.keys(NAMESPACES)],
  ['limits', RLIMITS, NUMBERS.keys()],
  ['seccomp actions', SECCOMP_ACTIONS, knownActions],
  ['seccomp operators', SECCOMP_OPERATORS, knownOperators],
  ['seccomp flags', SECCOMP_FLAGS, knownFlags],
])('the words for %s are those the runtime knows', (_, words, known) =>
  expect([...words].sort()).toEqual([...known].sort()),
)
