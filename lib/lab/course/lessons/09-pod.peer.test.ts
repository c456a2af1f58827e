import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../../engine/run/testHost.ts'
import { PROGRAM } from '../../../package.ts'
import { runTool } from '../../tool.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
beforeAll(async () => {
  process.env.OCILAB_ID = `t${randomUUID().slice(0, 6)}`
  course = await openTestLesson('09-pod')
})
afterAll(async () => {
  await course.reset('09.1')
  await course.close()
})

const path = (name: string) => course.place().path(name)
const id = (name: string) => `${course.place().container}-${name}`
const sh = (line: string) => runTool('sh', ['-ec', line], { cwd: course.place().folder })
const run = (name: string) =>
  sh(`runc run -d --bundle ${name} --pid-file ${name}.pid ${id(name)} > ${name}.log 2>&1 < /dev/null`)
const end = (name: string) => sh(`runc delete --force ${id(name)}`)
const fails = async (step: string, seen: string) => {
  const finding = await course.look(step)
  expect(finding).toMatchObject({ state: 'fail', seen: expect.stringContaining(seen) })
  expect(finding.zh.hint).toMatch(/\p{Script=Han}/u)
}
const passes = (step: string) =>
  eventually(async () => expect(await course.look(step)).toMatchObject({ state: 'pass' }))
type Namespace = { type: string; path?: string }
function edit(
  name: string,
  change: (config: { process: { args: string[] }; linux: { namespaces: Namespace[] } }) => void,
) {
  const config = JSON.parse(readFileSync(path(`${name}/config.json`), 'utf8'))
  change(config)
  writeFileSync(path(`${name}/config.json`), JSON.stringify(config))
}
const join3 = (types: readonly string[]) =>
  edit('web', ({ linux }) => {
    const pid = readFileSync(path('sandbox.pid'), 'utf8')
    for (const [type, file] of [
      ['network', 'net'],
      ['ipc', 'ipc'],
      ['uts', 'uts'],
    ] as const) {
      const entry = linux.namespaces.find(it => it.type === type)!
      entry.path = types.includes(type) ? `/proc/${pid}/ns/${file}` : undefined
    }
  })

// One story, with runc in place of the library: each step first not done, then half done.
describe('with runc', () => {
  it('09.1: no sandbox, a number of nobody, one in host network; then one of its own', async () => {
    await fails('09.1', 'no sandbox.pid')
    writeFileSync(path('sandbox.pid'), '4194305')
    await fails('09.1', 'no process 4194305')
    writeFileSync(path('sandbox.pid'), String(process.pid))
    await fails('09.1', '"net":"host"')
    edit('sandbox', ({ process, linux }) => {
      process.args = ['sleep', 'infinity']
      linux.namespaces = linux.namespaces.filter(({ type }) => type !== 'network')
    })
    await run('sandbox')
    await fails('09.1', '{"net":"host","ipc":"own"')
    await end('sandbox')
    edit('sandbox', ({ linux }) => void linux.namespaces.push({ type: 'network' }))
    await run('sandbox')
    await passes('09.1')
  })

  it('09.2: no server, one in a network of its own, one that shares too little; then whole', async () => {
    await fails('09.2', 'no web.pid')
    await run('web')
    await fails('09.2', '"net":"another"')
    await end('web')
    join3(['network'])
    await run('web')
    await fails('09.2', '"ipc":"another"')
    await end('web')
    join3(['network', 'ipc', 'uts'])
    edit('web', ({ process }) => {
      process.args = ['sleep', 'infinity']
    })
    await run('web')
    await fails('09.2', '"answer":""')
    await end('web')
    edit('web', ({ process }) => {
      process.args = ['sh', 'app.sh']
    })
    await run('web')
    await passes('09.2')
  })

  it('09.3: nobody died, still alive, not back; then back', async () => {
    await fails('09.3', 'nobody has died yet')
    await sh('cp web.pid first.pid')
    await fails('09.3', 'still runs')
    await end('web')
    await fails('09.3', 'no process')
    await run('web')
    await passes('09.3')
  })

  it('09.4: it stands, half of it stands; then nothing is left', async () => {
    await fails('09.4', '{"built":false,"left":["web","sandbox"]}')
    writeFileSync(path('built'), 'yes')
    await fails('09.4', 'left":["web","sandbox"]')
    await end('web')
    await fails('09.4', 'left":["sandbox"]')
    await end('sandbox')
    await passes('09.4')
    writeFileSync(path('built'), '')
    await fails('09.4', 'false')
  })
})

it('with a pod that one command made', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ocilab-pod-'))
  const flags = ['--id', course.place().labId, '--root', home]
  const ocilab = (verb: string[], ...args: string[]) => runTool(process.execPath, [PROGRAM, ...verb, ...flags, ...args])
  const pidOf = async (name: string) => JSON.parse(await ocilab(['inspect'], name))[0].State.Pid
  try {
    await ocilab(['pod', 'create'], '--network', 'none', 'demo')
    await ocilab(['run'], '-d', '--pod', 'demo', '--name', 'web', 'tiny')
    const [pod] = JSON.parse(await ocilab(['pod', 'inspect'], 'demo'))
    writeFileSync(path('sandbox.pid'), String(await pidOf(pod.InfraContainerID)))
    writeFileSync(path('web.pid'), String(await pidOf('web')))
    await passes('09.1')
    await passes('09.2')
  } finally {
    await ocilab(['pod', 'rm'], '--force', 'demo')
    rmSync(home, { recursive: true, force: true })
  }
})
