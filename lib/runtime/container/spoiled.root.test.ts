import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openBundle } from '../../bundle/bundle.ts'
import { isOciError } from '../../errors.ts'
import { ocirun } from '../ocirun.ts'
import { testBundle, testOcirun } from '../testBundle.ts'
import { testLeft } from '../testLeft.ts'
import { deleteContainer } from './end.ts'
import { isAlive } from './processTable.ts'
import { knownIds, loadState, publicState } from './state.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-spoiled-'))
const root = join(folder, 'state')
const runtime = ocirun({ root })
const file = (id: string) => join(root, id, 'state.json')
let bundle: Awaited<ReturnType<typeof testBundle>>
let more: Awaited<ReturnType<typeof testBundle>>
let other: string
let program: string

const call = (...args: string[]) => spawnSync(program, ['--root', root, ...args], { encoding: 'utf8', timeout: 30_000 })

beforeAll(async () => {
  program = testOcirun(folder)
  bundle = await testBundle(['sleep', '1000'])
  more = await testBundle(['sleep', '1000'])
  other = more.path
  // Where nobody would look for it who knows the id alone.
  await (await openBundle(bundle.path)).edit(config => {
    config.linux!.cgroupsPath = '/ocilab-spoiled/inner'
  })
})
afterEach(async () => {
  for (const id of knownIds(root)) await deleteContainer(root, id, { force: true })
})
afterAll(() => {
  bundle.remove()
  more.remove()
  rmSync(folder, { recursive: true, force: true })
  spawnSync('sh', ['-c', 'rmdir /sys/fs/cgroup/*/ocilab-spoiled /sys/fs/cgroup/ocilab-spoiled'])
})

describe('a state.json', () => {
  it.each<[string, (text: string) => string]>([
    ['is empty', () => ''],
    ['is null', () => 'null'],
    ['is cut off', text => text.slice(0, text.length / 2)],
    ['lacks its end', text => text.slice(0, -1)],
    ['is of another container', text => text.replaceAll('spoiled', 'another')],
    ['names other cgroups', text => text.replaceAll('/ocilab-spoiled', '/ocilab-elsewhere')],
    ['is a list', () => '[]'],
    ['is a number', () => '7'],
    ['has no config', () => JSON.stringify({ state: { id: 'spoiled' }, check: 0 })],
    ['is not text', () => '\0\xff\xfe'],
  ])('that %s is told, and forced away with all that runs', async (_, spoil) => {
    const container = await runtime.run('spoiled', bundle.path)
    const { pid, startTime } = loadState(root, 'spoiled')
    writeFileSync(file('spoiled'), spoil(readFileSync(file('spoiled'), 'utf8')), 'latin1')
    const told = { code: 'CONFIG_INVALID', message: expect.stringContaining("not a container's state") }
    await expect(container.state()).rejects.toMatchObject(told)
    await expect(container.start()).rejects.toMatchObject(told)
    await expect(container.exec({ args: ['true'] })).rejects.toMatchObject(told)
    await expect(container.kill('KILL')).rejects.toMatchObject(told)
    await expect(container.delete()).rejects.toMatchObject(told)
    expect(isAlive(pid, startTime)).toBe(true)
    await container.delete({ force: true })
    expect(isAlive(pid, startTime)).toBe(false)
    expect(testLeft('spoiled', root)).toEqual([])
    expect(testLeft('inner', root)).toEqual([])
    await container.delete({ force: true })
  })

  it('that is nothing is told in one line', async () => {
    await runtime.run('spoiled', bundle.path)
    writeFileSync(file('spoiled'), '')
    const { status, stderr, stdout } = call('state', 'spoiled')
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toContain("not a container's state")
    expect([status, stdout]).toEqual([1, ''])
    expect(call('delete', '--force', 'spoiled')).toMatchObject({ status: 0, stderr: '' })
  })

  it('does not hide the others', async () => {
    await runtime.run('spoiled', bundle.path)
    await runtime.create('flipped', other)
    writeFileSync(file('spoiled'), 'x')
    expect((await runtime.list()).map(({ id }) => id)).toEqual(['flipped'])
    expect(call('list', '--quiet')).toMatchObject({ status: 0, stdout: 'flipped\n' })
  })

  it('that is not there yet, or no more, is nothing to warn of', async () => {
    await runtime.create('flipped', other)
    mkdirSync(join(root, 'spoiled'))
    const warnings: Error[] = []
    const listen = (warning: Error) => void warnings.push(warning)
    process.on('warning', listen)
    expect((await runtime.list()).map(({ id }) => id)).toEqual(['flipped'])
    // A warning comes with the next tick.
    await new Promise(setImmediate)
    process.off('warning', listen)
    expect(warnings).toEqual([])
    // Who asks while another is deleting it hears what he would have heard a moment later.
    const gone = { status: 1, stderr: expect.stringContaining('container does not exist') }
    expect(call('state', 'spoiled')).toMatchObject(gone)
    expect(call('kill', 'spoiled', 'KILL')).toMatchObject(gone)
    expect(call('delete', 'spoiled')).toMatchObject(gone)
    expect(call('delete', '--force', 'spoiled')).toMatchObject({ status: 0, stderr: '' })
    expect(existsSync(join(root, 'spoiled'))).toBe(false)
  })

  it('with one byte that is another is never told as if it were right', async () => {
    await runtime.create('flipped', bundle.path)
    const good = readFileSync(file('flipped'))
    const before = publicState(loadState(root, 'flipped'), 'created')
    for (let at = 0; at < good.length; at += 7) {
      const bad = Buffer.from(good)
      bad[at]! ^= 1 << (at % 8)
      writeFileSync(file('flipped'), bad)
      try {
        expect(publicState(loadState(root, 'flipped'), 'created'), `byte ${at}`).toEqual(before)
      } catch (error) {
        expect(isOciError(error, 'CONFIG_INVALID'), `byte ${at}: ${error}`).toBe(true)
      }
    }
  })
})

it('a container outlives whoever made it, and its bundle: what create saw is what counts', async () => {
  expect(call('create', '--bundle', bundle.path, 'homeless')).toMatchObject({ status: 0, stderr: '' })
  const elsewhere = `${bundle.path}-moved`
  renameSync(bundle.path, elsewhere)
  try {
    expect(JSON.parse(call('state', 'homeless').stdout)).toMatchObject({ status: 'created', bundle: bundle.path })
    expect(call('start', 'homeless')).toMatchObject({ status: 0, stderr: '' })
    expect(call('exec', 'homeless', 'pwd')).toMatchObject({ status: 0, stdout: '/\n' })
    expect(call('kill', 'homeless', 'KILL').status).toBe(0)
    await expect.poll(() => JSON.parse(call('state', 'homeless').stdout).status, { timeout: 30_000 }).toBe('stopped')
    expect(call('delete', 'homeless')).toMatchObject({ status: 0, stderr: '' })
    expect(existsSync(bundle.path)).toBe(false)
  } finally {
    renameSync(elsewhere, bundle.path)
  }
  expect(testLeft('homeless', root)).toEqual([])
})
