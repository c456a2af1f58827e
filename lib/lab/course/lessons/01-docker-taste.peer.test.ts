import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runTool } from '../../tool.ts'
import { runShell } from '../shell.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
beforeAll(async () => {
  process.env.OCILAB_ID = `t${randomUUID().slice(0, 6)}`
  course = await openTestLesson('01-docker-taste')
})
afterAll(() => course.close())

const path = (name: string) => course.place().path(name)
const sh = (line: string) => runTool('sh', ['-ec', line], { cwd: course.place().folder })
const passing = { state: 'pass' }

describe('01.1', () => {
  const umoci = (...config: string[]) =>
    sh(`rm -rf app && cp -r base app && umoci config --image app:v0 ${config.map(it => `--config.${it}`).join(' ')}`)
  it.each<[string, () => Promise<unknown>, string]>([
    ['nothing', async () => {}, 'oci:'],
    ['the base itself', () => sh('cp -r base app'), 'null'],
    [
      'a shell form',
      () => umoci('entrypoint /bin/sh', 'entrypoint=-c', 'entrypoint "sh app.sh"', 'env PORT=8000'),
      '/bin/sh',
    ],
    ['a lost ENV', () => umoci('entrypoint sh', 'entrypoint app.sh'), 'false'],
  ])('fails on %s', async (_, make, seen) => {
    await course.reset('01.1')
    await make()
    const finding = await course.look('01.1')
    expect(finding.state).toBe('fail')
    expect(`${finding.seen} null`).toContain(seen)
  })
  it('passes when umoci wrote the config, and 01.2 counts its layers', async () => {
    await course.reset('01.1')
    await umoci('entrypoint sh', 'entrypoint app.sh', 'env PORT=8000')
    expect(await course.look('01.1')).toMatchObject(passing)
    await course.answer('01.2', 8)
    expect((await course.look('01.2')).state).toBe('fail')
    await course.answer('01.2', 4)
    expect(await course.look('01.2')).toMatchObject(passing)
  })
})

describe('01.3', () => {
  it('fails where nobody or somebody else answers, passes whoever says hello world', async () => {
    expect(await course.look('01.3')).toMatchObject({ state: 'fail', seen: 'no answer' })
    mkdirSync(path('www'), { recursive: true })
    writeFileSync(path('www/hello'), 'good bye\n')
    const server: ChildProcess = spawn('busybox', ['httpd', '-f', '-p', '127.0.0.1:8000', '-h', path('www')])
    try {
      await sh('curl -s --retry 30 --retry-delay 1 --retry-all-errors 127.0.0.1:8000/hello')
      expect(await course.look('01.3')).toMatchObject({ state: 'fail', seen: 'good bye' })
      writeFileSync(path('www/hello'), 'hello world\n')
      expect(await course.look('01.3')).toMatchObject(passing)
    } finally {
      server.kill()
    }
  })
})

describe('01.4', () => {
  it('is the address that the container sees', async () => {
    expect((await course.look('01.4')).state).toBe('fail')
    const { container, labId, folder } = course.place()
    let said = ''
    const ocilab = (line: string) =>
      runShell(`ocilab ${line}`, { cwd: folder }, text => {
        said += text
      })
    await ocilab(`run -d --id ${labId} --name ${container} --entrypoint sh tiny app.sh`)
    try {
      await course.answer('01.4', '127.0.0.1')
      expect(await course.look('01.4')).toMatchObject({ state: 'fail', hint: 'that is this machine' })
      said = ''
      await ocilab(`exec --id ${labId} ${container} ip -4 addr show eth0`)
      await course.answer('01.4', /inet ([0-9.]+)/.exec(said)![1]!)
      expect(await course.look('01.4')).toMatchObject(passing)
    } finally {
      await ocilab(`rm -f --id ${labId} ${container}`)
      await ocilab(`reset --id ${labId}`)
    }
  })
})
