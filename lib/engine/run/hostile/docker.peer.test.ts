import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect } from '../../../bytes/collect.ts'
import { writeTar } from '../../../bytes/writeTar.ts'
import { victims } from '../../../rootfs/hostile/testVictims.ts'
import { tarInput } from '../../../rootfs/testLayers.ts'
import { bytes } from '../../../transport/hostile/testLayout.ts'
import { startDockerd, type TestDockerd } from '../../../transport/testDockerd.ts'
import { testFolder } from '../../../transport/testImages.ts'
import { partsOf } from './testCase.ts'
import { tables } from './testTables.ts'

// What we run Docker runs, with the same output, and what we refuse it refuses, when it loads the image or when it runs it; but
// for what the tables say, with the reason. In CI some of the cases; all that it can be asked with OCILAB_SWEEP=1.
const SWEEP = process.env.OCILAB_SWEEP === '1'
const memory = testFolder()
let daemon: TestDockerd
beforeAll(async () => {
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', memory])
  daemon = await startDockerd({}, { bridge: true, inMemory: true })
})
afterAll(async () => {
  await daemon?.stop()
  execFileSync('umount', [memory])
})

const cases = tables.flatMap(([table, cases]) =>
  cases.map(([name, image, expected, differs]) => ({ name: `${table}: ${name}`, image, expected, differs })),
)
const some = cases.filter(({ differs }, at) => differs?.[0] !== 'asks not' && (SWEEP || at % 41 === 0))

describe('Docker', () => {
  it.each(some)('$name', async ({ image, expected, differs }) => {
    const world = victims(memory)
    const { tar, config } = await partsOf(image, world.beside)
    const archive = join(memory, 'image.tar')
    writeFileSync(archive, await archiveOf(tar, config))
    const { flags = [] } = image
    const seen = await daemon
      .docker('load', '-i', archive)
      .then(() => daemon.docker('run', '--rm', '--network', 'none', ...flags, 'hostile:v0'))
      .then(
        stdout => ({ stdout }),
        () => undefined,
      )
    await daemon.docker('rmi', '--force', 'hostile:v0').catch(() => {})
    const ours = typeof expected === 'string' ? { stdout: expected } : undefined
    if (!differs) expect(seen).toEqual(ours)
    else if (differs[0] === 'refuses') expect(seen).toBeUndefined()
    else expect(seen).toBeDefined()
    if (differs) expect(seen).not.toEqual(ours)
    world.expectUntouched()
  })
})

/** What `docker load` reads. */
function archiveOf(tar: Uint8Array, config: unknown): Promise<Uint8Array> {
  const manifest = [{ Config: 'config.json', RepoTags: ['hostile:v0'], Layers: ['layer.tar'] }]
  const member = (path: string, body: string) => tarInput(path, { body })
  return collect(
    writeTar([
      { ...member('config.json', ''), body: bytes(config) },
      { ...member('layer.tar', ''), body: tar },
      member('manifest.json', JSON.stringify(manifest)),
    ]),
  )
}
