import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { killAll } from './processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-processes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const gone = join(folder, 'gone')

// Two may end a container at once; the slower one finds its cgroup gone.
it.each([
  ['v1', { freezer: gone }],
  ['hybrid', { freezer: gone, unified: gone }],
  ['v2', { unified: gone }],
] as const)('in a cgroup that is gone there is nobody to kill, on %s', (mode, folders) => {
  expect(() => killAll({ mode, folders }, constants.signals.SIGKILL)).not.toThrow()
})
