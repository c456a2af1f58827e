import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { leaks } from '../../../lab/leaks.ts'
import { type Victims, victims } from '../../../rootfs/hostile/testVictims.ts'
import { layoutAt } from '../../../transport/hostile/testLayout.ts'
import { expectRefused, ocilab } from '../../../transport/hostile/testProgram.ts'
import { testFolder } from '../../../transport/testImages.ts'
import { type HostileImage, partsOf, shell } from './testCase.ts'
import { tables } from './testTables.ts'

// Images as a stranger makes them, run: each is inside, and shows what it should, or is refused in words. What stands beside
// the container's files is neither changed nor read, and nothing is left.
const LAB = `hostilerun${process.pid}`
const memory = testFolder()
let world: Victims
const home = () => join(world.folder, 'home')
beforeAll(() => {
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', memory])
  world = victims(memory)
  mkdirSync(home())
})
afterEach(async () => {
  world.expectUntouched()
  rmSync(join(world.folder, 'image'), { recursive: true, force: true })
  expect(readdirSync(home())).toEqual([])
  expect(await leaks(LAB)).toEqual([])
})
afterAll(() => void execFileSync('umount', [memory]))

/** A verb about containers. */
const verb = (name: string, ...args: string[]) => ocilab([name, '--id', LAB, '--root', home(), ...args])

/** Runs such an image. */
async function run(image: HostileImage, ...flags: string[]) {
  const { tar, config } = await partsOf(image, world.beside)
  const layout = join(world.folder, 'image')
  rmSync(layout, { recursive: true, force: true })
  layoutAt(layout, '', { layer: tar, config: () => config })
  return verb('run', '--network', 'none', '-q', ...flags, ...(image.flags ?? []), `oci:${layout}:v0`)
}

describe.each(tables)('%s', (_table, cases) => {
  const named = cases.map(([name, image, expected]) => ({ name, image, expected }))
  it.each(named)('$name', async ({ image, expected }) => {
    const result = await run(image, '--rm')
    const stderr = image.warning === undefined ? '' : `WARNING: ${image.warning}\n`
    if (typeof expected === 'string') return expect(result).toEqual({ status: 0, stdout: expected, stderr })
    const [code, says, status = 125] = expected
    expect({ ...result, status: 1 }).toMatchObject({ stderr: expect.stringContaining(says) })
    expect(result.status).toBe(status)
    expectRefused({ ...result, status: 1 }, code, 'run')
  })
})

describe('one that runs', () => {
  const WAIT = 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done'
  const isReady = () => expect.poll(async () => (await verb('logs', 'one')).stdout).toBe('ready\n')
  afterEach(() => verb('rm', '--force', 'one', 'two'))

  it.each(['garbage', '0', '65'])('can be stopped, were its signal %j', async StopSignal => {
    await run(shell(WAIT, { StopSignal }), '-d', '--name', 'one')
    await isReady()
    expect(await verb('stop', 'one')).toMatchObject({ status: 0 })
    expect((await verb('ps', '-a')).stdout).toContain('Exited (7)')
  })

  it('is listed in words that no terminal obeys', async () => {
    await run({ process: { Entrypoint: ['/bin/true', '\x1b[2J\n\u202e'] } }, '--name', 'one')
    expect((await verb('ps', '-a')).stdout).toMatch(/^[^\n]*\n[^\n]*"\/bin\/true \\x1b\[2J\\x0a[^\n]*\n$/)
  })

  it.each(['mkfifo', 'ln -s passwd', 'mknod -m 666'])(
    'and has changed its passwd (%s): whoever is asked for is told that there is no such user',
    async make => {
      // Nothing drives such a device: who opens it is told so.
      const node = make.startsWith('mknod') ? ' c 240 77' : ''
      const change = `cd /etc; rm passwd; busybox ${make} passwd${node}; ${WAIT}`
      await run(shell(change), '-d', '--name', 'one')
      await isReady()
      const { status, stderr } = await verb('exec', '-u', 'app', 'one', 'id')
      expect([status, stderr]).toEqual([1, expect.stringContaining('want a user of the image, got "app"')])
    },
  )

  it('begins a volume with what its image has there, once', async () => {
    const files = () => ({ v: { type: 'directory' as const, uid: 7, gid: 8, mode: 0o750 }, 'v/x': { body: 'image' } })
    const first = { ...shell('stat -c "%a %u %g" /v; cat /v/x; echo first > /v/x', { Volumes: { '/v': {} } }), files }
    expect((await run(first, '--name', 'one', '-v', 'kept:/v')).stdout).toBe('750 7 8\nimage')
    expect((await run({ ...shell('cat /v/x'), files }, '--name', 'two', '-v', 'kept:/v/')).stdout).toBe('first\n')
    rmSync(join(home(), LAB, 'volumes'), { recursive: true })
  })
})
