import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { knownSentence } from './errors.ts'

// What rmSync says of what it has no name for, and of a folder that is filled while it is emptied.
const removing = (code: string, message: string) =>
  Object.assign(new Error(message), { code, errno: -4094, path: '/some where/x', syscall: 'rm' })

it.each([
  [removing('', ", Unknown error: Input/output error '/some where/x'"), '/some where/x: Input/output error [IO]'],
  [
    removing('ENOTEMPTY', "ENOTEMPTY, Directory not empty: /some where/x '/some where/x'"),
    '/some where/x: Directory not empty [ENOTEMPTY]',
  ],
  [failure(() => readFileSync('/nowhere/x')), '/nowhere/x: no such file or directory [ENOENT]'],
])('a failure of the system is one sentence: the place, what happened, its code', (error, sentence) =>
  expect(knownSentence(error)).toBe(sentence),
)

function failure(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
