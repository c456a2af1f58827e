import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LabEvent } from '../events.ts'
import { runtimeNamed } from './named.ts'
import { testBundle, testCrun, testOcirun } from './testBundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-runtime-'))
// PID 1 has no default signal handlers: without the trap TERM would do nothing.
const patient = ['sh', '-c', 'trap "exit 0" TERM; echo started; while :; do sleep 0.1; done']
let bundle: Awaited<ReturnType<typeof testBundle>>
let deaf: Awaited<ReturnType<typeof testBundle>>

beforeAll(async () => {
  bundle = await testBundle(patient)
  deaf = await testBundle(['sleep', '1000'])
})
afterAll(() => {
  bundle.remove()
  deaf.remove()
  rmSync(folder, { recursive: true, force: true })
})

describe.each([
  ['runc', () => 'runc'],
  ['crun', () => testCrun(folder)],
  ['ocirun', () => 'ocirun'],
  ['ocirun, the program', () => testOcirun(folder)],
])('%s', (name, binary) => {
  const runtime = runtimeNamed(binary(), { root: join(folder, `state-${name.replace(/\W/g, '-')}`) })
  afterEach(async () => {
    for (const { id } of await runtime.list()) await (await runtime.load(id)).delete({ force: true })
  })

  it('runs a container, tells of it, and lets it go', async () => {
    const output = join(folder, `${name}.out`)
    const container = await runtime.run(`c1-${process.pid}`, bundle.path, { output })
    expect(await container.state()).toMatchObject({ id: `c1-${process.pid}`, status: 'running', bundle: bundle.path })
    expect((await runtime.list()).map(state => state.id)).toEqual([`c1-${process.pid}`])
    await expect.poll(() => readFileSync(output, 'utf8')).toBe('started\n')
    await container.kill()
    await container.wait()
    expect((await container.state()).status).toBe('stopped')
    await container.delete()
    expect(await runtime.list()).toEqual([])
  })

  it('creates first and starts later', async () => {
    const output = join(folder, `${name}-two.out`)
    const container = await runtime.create(`c2-${process.pid}`, bundle.path, { output })
    expect((await container.state()).status).toBe('created')
    expect(readFileSync(output, 'utf8')).toBe('')
    await container.start()
    expect((await container.state()).status).toBe('running')
    await expect(container.start()).rejects.toMatchObject({ code: 'CONTAINER_WRONG_STATUS' })
  })

  it('runs programs inside, and passes their exit code on', async () => {
    const container = await runtime.run(`c3-${process.pid}`, bundle.path)
    expect(await container.exec({ args: ['echo', "it's", '$HOME'] })).toMatchObject({
      status: 0,
      stdout: "it's $HOME\n",
    })
    expect((await container.exec({ args: ['sh', '-c', 'echo no >&2; exit 7'] })).status).toBe(7)
    expect((await container.exec({ args: ['pwd'], cwd: '/bin' })).stdout).toBe('/bin\n')
    // crun 1.8 lets --env replace the whole environment, PATH too.
    expect((await container.exec({ args: ['/bin/sh', '-c', 'echo $A'], env: ['A=b c'] })).stdout).toBe('b c\n')
    expect((await container.exec({ args: ['id', '-u'], user: '12:13' })).stdout).toBe('12\n')
    // It lingers, because crun 1.8 may lose what a program writes to a terminal just before it ends.
    expect((await container.exec({ args: ['sh', '-c', 'tty; sleep 0.3'] }, { terminal: true })).stdout).toMatch(
      /^\/dev\/pts\/\d+\n$/,
    )
    await expect(container.exec({ args: ['nonesuch'] })).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining('nonesuch'),
    })
  })

  it('says what may not be done, and changes nothing by it', async () => {
    const container = await runtime.run(`c4-${process.pid}`, bundle.path)
    await expect(runtime.run(`c4-${process.pid}`, bundle.path)).rejects.toMatchObject({ code: 'CONTAINER_EXISTS' })
    await expect(container.delete()).rejects.toMatchObject({ code: 'CONTAINER_WRONG_STATUS' })
    await expect(runtime.load('unknown')).rejects.toMatchObject({ code: 'CONTAINER_UNKNOWN' })
    await expect(runtime.load('../c4')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect((await container.state()).status).toBe('running')
  })

  it('does not wait for ever for a program that hears no TERM', async () => {
    const container = await runtime.run(`c5-${process.pid}`, deaf.path)
    await container.kill('SIGTERM')
    await expect(container.wait({ timeout: 300 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await container.kill('SIGKILL')
    await container.wait()
  })

  it('leaves nothing of a container that could not be made', async () => {
    const events: LabEvent[] = []
    const broken = await testBundle(['nonesuch'])
    await expect(
      runtime.run(`c6-${process.pid}`, broken.path, { onEvent: event => events.push(event) }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('nonesuch'),
    })
    broken.remove()
    expect(await runtime.list()).toEqual([])
    expect(events.map(event => event.type)).toEqual(['command', 'change', 'undone'])
  })
})

it('says how to get a runtime that is not here', async () => {
  await expect(runtimeNamed('nonesuch').list()).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    data: { hint: 'sudo apt-get install -y nonesuch' },
  })
})
