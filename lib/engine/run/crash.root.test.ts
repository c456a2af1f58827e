import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually, leftOn, type TestHost, testHost } from './testHost.ts'

// Whoever makes a container, starts it and stays with it is killed after each single thing that it does.
let host: TestHost
let program: string
const module = (path: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, path)).href)

beforeAll(async () => {
  host = await testHost()
  program = join(host.folder, 'image-crash.mts')
  writeFileSync(
    program,
    `import { createRecord } from ${module('create.ts')}
     import { homeOf } from ${module('store.ts')}
     import { supervise } from ${module('supervise.ts')}
     import { parsePorts } from ${module('ports.ts')}
     import { tinyImage } from ${module('../../lab/demo/tinyImage.ts')}
     import { openJournal } from ${module('../../lab/journal.ts')}
     const [root, last] = process.argv.slice(2)
     const journal = openJournal('default')
     let seen = 0
     const onEvent = event => {
       journal.onEvent(event)
       if (event.type !== 'change' && event.type !== 'undone' && event.type !== 'command') return
       if (++seen === Number(last)) process.kill(process.pid, 'SIGKILL')
     }
     const request = { image: 'tiny', name: 'crash', entrypoint: 'true', ports: parsePorts('8000:8000') }
     const record = await createRecord(homeOf('default', root), await tinyImage(), request, { onEvent })
     await supervise(homeOf('default', root), record.id, { onEvent })
     console.log(seen)`,
  )
})
afterAll(() => host.close())

const crashAfter = (events: number) => host.run(process.execPath, program, host.folder, String(events))
const cleared = () => eventually(async () => expect(await leftOn(host)).toBe(''))

it('a program killed after anything it does leaves nothing that rm -f, or reset, does not take away', async () => {
  const whole = await crashAfter(0)
  expect(whole.stderr).toBe('')
  const events = Number(whole.stdout)
  expect(events).toBeGreaterThan(30)
  await host.ocilab('rm', 'crash')
  await cleared()
  // All of them with OCILAB_SWEEP; else each fourth one, and on other days the others.
  const [first, step] = process.env.OCILAB_SWEEP ? [1, 1] : [1 + (new Date().getDate() % 4), 4]
  for (let last = first; last <= events; last += step) {
    expect((await crashAfter(last)).stdout).toBe('')
    if (last % 2 === 0) await host.ocilab('rm', '-f', 'crash')
    const { status, stderr } = await host.ocilab('reset')
    expect([last, status, stderr]).toEqual([last, 0, ''])
    await cleared()
  }
}, 300_000)
