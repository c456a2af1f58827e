import { randomUUID } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { runTool } from '../../tool.ts'
import { deleteContainers, theContainer } from '../containers.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
beforeAll(async () => {
  process.env.OCILAB_ID = `t${randomUUID().slice(0, 6)}`
  course = await openTestLesson('07-runc')
})
afterEach(() => deleteContainers(name()))
afterAll(() => course.close())

const name = () => course.place().container
const sh = (line: string) => runTool('sh', ['-c', line], { cwd: course.place().folder })
const pid = async () => (await theContainer(name())).state.pid!
const passing = { state: 'pass' }
const runc = () => sh(`runc run -d --bundle bundle ${name()} > app.log 2>&1 < /dev/null`)

describe.each([
  ['runc', runc],
  [
    'crun’s peer, ocirun',
    () =>
      sh(
        `"${process.execPath}" "$(git -C "${import.meta.dirname}" rev-parse --show-toplevel)/dist/ocirun.cjs" run -d --bundle bundle ${name()} > app.log 2>&1 < /dev/null`,
      ),
  ],
])('what %s has run', (_, run) => {
  it('is found by 07.1, and its facts by 07.2 and 07.3', async () => {
    expect(await course.look('07.1')).toMatchObject({ state: 'fail', seen: expect.stringContaining('no runtime here') })
    await run()
    expect(await course.look('07.1')).toMatchObject(passing)
    await course.answer('07.2', 1)
    expect(await course.look('07.2')).toMatchObject({ state: 'fail', hint: expect.stringContaining('inside') })
    await course.answer('07.2', await pid())
    expect(await course.look('07.2')).toMatchObject(passing)
    const links = async (of: string | number) =>
      (await sh(`ls -l /proc/${of}/ns | sed 's/.* //' | sort -u`)).trim().split('\n')
    const ours = await links('self')
    await course.answer('07.3', readdirSync('/proc/self/ns').length)
    expect((await course.look('07.3')).state).toBe('fail')
    await course.answer('07.3', (await links(await pid())).filter(link => !ours.includes(link)).length)
    expect(await course.look('07.3')).toMatchObject(passing)
    expect(readlinkSync(`/proc/${await pid()}/ns/pid`)).not.toBe(readlinkSync('/proc/self/ns/pid'))
  })
})

describe('07.4', () => {
  it('is the line of pivot_root in what ocirun prints', async () => {
    await course.answer('07.4', 1)
    expect((await course.look('07.4')).state).toBe('fail')
    const top = (await runTool('git', ['-C', import.meta.dirname, 'rev-parse', '--show-toplevel'])).trim()
    const plan = await sh(`"${process.execPath}" ${top}/dist/ocirun.cjs plan --bundle bundle ${name()}`)
    await course.answer('07.4', plan.split('\n').findIndex(line => line.includes('pivot_root')) + 1)
    expect(await course.look('07.4')).toMatchObject(passing)
  })
})

describe('07.5', () => {
  it('fails before anything ran, while it runs, and when it was only killed; passes when it is gone', async () => {
    await course.reset('07.1')
    expect(await course.look('07.5')).toMatchObject({ state: 'fail', hint: 'first do 07.1' })
    await runc()
    expect(await course.look('07.5')).toMatchObject({ state: 'fail', seen: expect.stringContaining('running') })
    const number = await pid()
    await sh(
      `runc kill ${name()} KILL; while kill -0 ${number} 2>/dev/null && [ "$(cut -d' ' -f3 /proc/${number}/stat)" != Z ]; do sleep 0.05; done`,
    )
    expect(await course.look('07.5')).toMatchObject({ state: 'fail', seen: expect.stringContaining('stopped') })
    await sh(`runc delete ${name()}`)
    expect(await course.look('07.5')).toMatchObject(passing)
  })
})

describe('07.6', () => {
  it('fails on one that runs, passes on one that waits, and is undone', async () => {
    await runc()
    expect(await course.look('07.6')).toMatchObject({ state: 'fail', seen: 'running' })
    await deleteContainers(name())
    await sh(`runc create --bundle bundle ${name()} > app.log 2>&1 < /dev/null`)
    expect(await course.look('07.6')).toMatchObject(passing)
    await course.reset('07.6')
    expect((await course.look('07.6')).state).toBe('fail')
  })
})
