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
  beforeAll(() => sh('skopeo copy -q oci:store:openjdk:8-jdk-alpine oci:base:v0'))
  // Blobs that are there already need no second place.
  const base = 'rm -rf app && cp -al base app && cp --remove-destination base/index.json app'
  const inserted = `${base} && tar -C context -cf top.tar app.jar && umoci raw add-layer --image app:v0 top.tar`
  const umoci = (before: string, ...entrypoint: string[]) =>
    sh(`${before} && umoci config --image app:v0 ${entrypoint.map(word => `--config.entrypoint='${word}'`).join(' ')}`)
  it.each<[string, () => Promise<unknown>, string]>([
    ['nothing', async () => {}, 'oci:'],
    ['the base itself', () => sh(base), 'openjdk'],
    ['a shell form', () => umoci(inserted, '/bin/sh', '-c', 'java -jar app.jar'), '/bin/sh'],
    ['a lost COPY', () => umoci(base, 'java', '-jar', 'app.jar'), 'openjdk'],
  ])('fails on %s', async (_, make, seen) => {
    await course.reset('01.1')
    await make()
    const finding = await course.look('01.1')
    expect(finding.state).toBe('fail')
    expect(finding.seen).toContain(seen)
  })
  it('passes when umoci made it, and 01.2 counts its layers', async () => {
    await course.reset('01.1')
    await umoci(inserted, 'java', '-jar', 'app.jar')
    expect(await course.look('01.1')).toMatchObject(passing)
    await course.answer('01.2', 8)
    expect((await course.look('01.2')).state).toBe('fail')
    await course.answer('01.2', 4)
    expect(await course.look('01.2')).toMatchObject(passing)
  })
  it('leaves the base where it is when it is reset', async () => {
    await course.reset('01.1')
    expect(await sh('skopeo inspect oci:store:openjdk:8-jdk-alpine')).toContain('"Layers"')
  })
})

describe('01.3', () => {
  it('fails where nobody or somebody else answers, passes whoever says hello world', async () => {
    expect(await course.look('01.3')).toMatchObject({ state: 'fail', seen: 'no answer' })
    mkdirSync(path('www'), { recursive: true })
    writeFileSync(path('www/hello'), 'good bye\n')
    const address = `127.0.0.1:${course.place().port(8000)}`
    const server: ChildProcess = spawn('busybox', ['httpd', '-f', '-p', address, '-h', path('www')])
    try {
      await sh(`curl -s --retry 30 --retry-delay 1 --retry-all-errors ${address}/hello`)
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
    await ocilab(`run -d --id ${labId} --name ${container} --entrypoint sh tiny -c 'sleep 1000'`)
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
