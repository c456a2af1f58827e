import type { Case } from './testCase.ts'
import { folderCases } from './testFolders.ts'
import { oddCases } from './testOdds.ts'
import { placeCases } from './testPlaces.ts'
import { programCases } from './testPrograms.ts'
import { userCases } from './testUsers.ts'
import { variableCases } from './testVariables.ts'
import { volumeCases } from './testVolumes.ts'

export const tables: [string, Case[]][] = [
  ['its user', userCases],
  ['its folder', folderCases],
  ['its program', programCases],
  ['its variables', variableCases],
  ['its volumes', volumeCases],
  ['all else it says', oddCases],
  ['what is in its root', placeCases],
]
