import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isOciError } from '../../errors.ts'
import { freeze } from './freezer.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-freezer-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// Two may end a container at once; the slower one finds its cgroup gone.
describe.each([
  ['v1', { mode: 'v1', folders: { freezer: join(folder, 'gone') } }],
  ['v2', { mode: 'v2', folders: { unified: join(folder, 'gone') } }],
] as [string, Parameters<typeof freeze>[0]][])('a cgroup that is gone, on %s', (_, paths) => {
  it('is thawed already', () => expect(() => freeze(paths, false)).not.toThrow())
  it('cannot be frozen', () =>
    expect(() => freeze(paths, true)).toThrow(expect.toSatisfy(error => isOciError(error, 'KERNEL'))))
})
