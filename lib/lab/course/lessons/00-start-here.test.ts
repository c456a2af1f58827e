import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOf } from '../../../spec/digest.ts'
import { runTool } from '../../tool.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
beforeAll(async () => {
  course = await openTestLesson('00-start-here')
})
afterAll(() => course.close())

describe('00.1', () => {
  it('waits for an answer', async () =>
    expect(await course.look('00.1')).toMatchObject({ state: 'fail', seen: 'no answer yet' }))
  it.each([0, 71, 32, 'sixty-four'])('is not content with %s, and does not give the answer away', async answer => {
    await course.answer('00.1', answer)
    const finding = await course.look('00.1')
    expect(finding).toMatchObject({ state: 'fail', seen: String(answer) })
    expect(JSON.stringify([finding.expected, finding.hint])).not.toContain('64')
  })
  it.each([64, '64', ' 64 '])('takes %j', async answer => {
    await course.answer('00.1', answer)
    expect((await course.look('00.1')).state).toBe('pass')
  })
})

describe('00.2', () => {
  const put = (name: string, text: string) => {
    mkdirSync(course.place().path('blobs'), { recursive: true })
    writeFileSync(course.place().path('blobs', name), text)
  }
  const digest = digestOf('hello world\n').slice(7)
  it.each([
    ['no folder', () => {}, 'no such file or directory'],
    ['an empty folder', () => mkdirSync(course.place().path('blobs')), 'no file'],
    ['the stub', () => put('some-name', 'hello world\n'), 'some-name'],
    ['a name with sha256:', () => put(`sha256:${digest}`, 'hello world\n'), 'sha256:'],
    ['bytes without their newline', () => put(digest, 'hello world'), digest],
    ['an earlier try beside it', () => ['some-name', digest].map(name => put(name, 'hello world\n')), 'some-name'],
  ])('fails on %s', async (_, make, seen) => {
    rmSync(course.place().path('blobs'), { recursive: true, force: true })
    make()
    expect(await course.look('00.2')).toMatchObject({ state: 'fail', seen: expect.stringContaining(seen) })
  })
  it('passes when a shell did it, and is undone by a reset', async () => {
    await course.reset('00.2')
    const line = 'mkdir blobs && echo hello world > x && mv x blobs/$(sha256sum x | cut -c 1-64)'
    await runTool('sh', ['-c', line], { cwd: course.place().folder })
    expect((await course.look('00.2')).state).toBe('pass')
    await course.reset('00.2')
    expect((await course.look('00.2')).state).toBe('fail')
  })
})
