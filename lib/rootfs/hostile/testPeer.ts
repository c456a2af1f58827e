import { expect } from 'vitest'
import { asTheirs, type Case, type Expected } from './testCase.ts'
import { overCases, overFolderCases, whiteoutCases } from './testLayering.ts'
import { linkCases, moreLinkCases } from './testLinks.ts'
import { nameCases } from './testNames.ts'
import { tarCases } from './testTars.ts'

/** All tables, for another tool to be asked about. */
export const allCases: readonly Case[] = [
  ...nameCases,
  ...linkCases,
  ...moreLinkCases,
  ...whiteoutCases,
  ...overCases,
  ...overFolderCases,
  ...tarCases,
]

/** Hardlinks to what is above: not there below the root, either. */
const STAYS_REFUSED = ['a hardlink out', 'a hardlink out, by more dots']

/** That they make of a case what the table says, or something else where it is written down why. */
export function expectTheirs(
  name: string,
  theirs: Expected,
  expected: Expected,
  differs: Readonly<Record<string, string>>,
): void {
  if (name in differs) expect(theirs).not.toEqual(asTheirs(expected))
  // What climbs out Go's tools keep below the root; we refuse it, as docker does.
  else if (expected === 'PATH_ESCAPES_ROOT' && !STAYS_REFUSED.includes(name)) expect(theirs).toBeTypeOf('object')
  else expect(theirs).toEqual(asTheirs(expected))
}
