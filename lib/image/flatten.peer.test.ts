import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeFileAtomically } from '../bytes/file.ts'
import { imageWith } from '../rootfs/testLayers.ts'
import { copy } from '../transport/copy.ts'
import { heldImage } from '../transport/held.ts'
import { parseTransport } from '../transport/parse.ts'
import { startDockerd, type TestDockerd } from '../transport/testDockerd.ts'
import { setConfig } from './build.ts'
import { flatten } from './flatten.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-flatten-'))
let dockerd: TestDockerd
beforeAll(async () => {
  dockerd = await startDockerd()
})
afterAll(async () => {
  await dockerd.stop()
  rmSync(folder, { recursive: true, force: true })
})

// What the engine puts into every container.
const ENGINE =
  /^(\.dockerenv|dev\/(console|pts\/|shm\/)?|etc\/(hostname|hosts|resolv\.conf|mtab)|etc\/|proc\/|sys\/)( ->.*)?$/

/** The members of a tar as `tar tv` shows them, sorted by name, hardlinks by what they share. */
function membersOf(tar: string): string[] {
  const lines = execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--full-time', '--file', tar], {
    encoding: 'utf8',
  })
  return lines
    .trim()
    .split('\n')
    .map(line => line.replace(/\s+/g, ' ').split(' '))
    .map(
      ([mode, owner, size, , , ...name]) =>
        `${name.join(' ').replace(/ link to .*/, ' (hardlink)')} ${mode} ${owner} ${size}`,
    )
    .filter(line => !ENGINE.test(line.split(' ')[0]!) && !line.startsWith('./ '))
    .sort()
}

describe('docker export', () => {
  it('has the members that flatten has, apart from the engine’s own', async () => {
    const image = await setConfig(
      await imageWith(
        {
          'bin/': {},
          'bin/a': { body: 'first', mode: 0o4755 },
          'bin/b': { type: 'hardlink', linkpath: 'bin/a', mode: 0o4755 },
          'd/': { uid: 5, gid: 6 },
          'd/old': { body: 'x' },
          'e/': {},
          'e/kept': {},
        },
        {
          'bin/l': { linkpath: 'a', mode: 0o777 },
          'd/': { uid: 5, gid: 6 },
          'd/.wh..wh..opq': {},
          'd/new': { body: 'n' },
          'e/.wh.kept': {},
          'tmp/': { mode: 0o1777 },
        },
        { 'bin/c': { body: 'third' }, 'e/back': { body: 'b' }, 'run/fifo': { type: 'fifo' }, 'run/': {} },
      ),
      { Cmd: ['/bin/a'] },
    )
    const [archive, ours, theirs] = ['archive', 'ours', 'theirs'].map(name => join(folder, `${name}.tar`)) as [
      string,
      string,
      string,
    ]
    await copy(heldImage(image, 'mem'), parseTransport(`docker-archive:${archive}:flatten:v0`))
    await dockerd.docker('load', '-i', archive)
    const id = (await dockerd.docker('create', 'flatten:v0')).trim()
    await dockerd.docker('export', '-o', theirs, id)
    await writeFileAtomically(ours, flatten(image))
    expect(membersOf(ours).length).toBeGreaterThan(8)
    expect(membersOf(ours)).toEqual(membersOf(theirs))
  })
})
