import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runTool } from '../../tool.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
beforeAll(async () => {
  process.env.OCILAB_ID = `t${randomUUID().slice(0, 6)}`
  course = await openTestLesson('11-other-runtimes')
})
afterAll(() => course.close())

const path = (name: string) => course.place().path(name)
const sh = (line: string) => runTool('sh', ['-ec', line], { cwd: course.place().folder })
const run = (name: string) =>
  sh(`runc run --bundle bundle ${course.place().container}-x > ${name}.txt 2>&1 < /dev/null`)
const passing = { state: 'pass' }

describe('11.1', () => {
  it('fails on nothing, on one file, and on one that holds an error; passes when both are there', async () => {
    expect(await course.look('11.1')).toMatchObject({ state: 'fail', seen: '[0,0]' })
    await run('runc')
    expect((await course.look('11.1')).state).toBe('fail')
    writeFileSync(path('ocirun.txt'), 'ocirun: no such bundle\n')
    expect((await course.look('11.1')).state).toBe('fail')
    await run('ocirun')
    expect(await course.look('11.1')).toMatchObject(passing)
  })
})

describe('11.2', () => {
  it('is counted anew from what the files say', async () => {
    const lines = readFileSync(path('runc.txt'), 'utf8').trim().split('\n')
    writeFileSync(path('ocirun.txt'), ['pid: 2', ...lines.slice(1)].join('\n'))
    await course.answer('11.2', lines.length)
    expect((await course.look('11.2')).state).toBe('fail')
    await course.answer('11.2', lines.length - 1)
    expect(await course.look('11.2')).toMatchObject(passing)
  })
})

describe('11.3', () => {
  it.each([
    ['cwd', 'belongs to'],
    ['process.args', 'validate'],
  ])('points on from %s', async (answer, hint) => {
    await course.answer('11.3', answer)
    expect(await course.look('11.3')).toMatchObject({ state: 'fail', hint: expect.stringContaining(hint) })
  })
  it('is the one field that diff shows beside the root, and runc refuses it', async () => {
    const read = (name: string) => JSON.parse(readFileSync(path(`${name}/config.json`), 'utf8'))
    const [good, spoiled] = [read('bundle'), read('spoiled')]
    expect({ ...spoiled, process: { ...spoiled.process, cwd: good.process.cwd }, root: good.root }).toEqual(good)
    await expect(sh('runc run --bundle spoiled x < /dev/null')).rejects.toThrow()
    await course.answer('11.3', 'process.cwd')
    expect(await course.look('11.3')).toMatchObject(passing)
  })
})
