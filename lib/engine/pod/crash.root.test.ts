import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually, leftOn, type TestHost, testHost } from '../run/testHost.ts'

const module = (name: string) => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)))

let host: TestHost
let program: string
beforeAll(async () => {
  host = await testHost()
  program = join(host.folder, 'image-crash.mjs')
  // A pod is made, its sandbox started, and taken down again: killed after any of the things it tells.
  writeFileSync(
    program,
    `import { createPod } from ${module('create.ts')}
     import { removePod } from ${module('life.ts')}
     import { supervise } from ${module('../run/supervise.ts')}
     import { parsePorts } from ${module('../run/ports.ts')}
     import { homeOf } from ${module('../run/store.ts')}
     import { openJournal } from ${module('../../lab/journal.ts')}
     const [root, last] = process.argv.slice(2)
     const home = homeOf('default', root)
     const journal = openJournal('default')
     let seen = 0
     const onEvent = event => {
       journal.onEvent(event)
       if (event.type !== 'change' && event.type !== 'undone' && event.type !== 'command') return
       if (++seen === Number(last)) process.kill(process.pid, 'SIGKILL')
     }
     const pod = await createPod(home, { name: 'crash', share: ['ipc', 'net'], ports: parsePorts('8000:8000') }, { onEvent })
     await supervise(home, pod.sandbox.id, { onEvent, started: pid => process.kill(pid, 'SIGTERM') })
     await removePod(home, pod, { onEvent })
     journal.close()
     console.log(seen)`,
  )
})
afterAll(() => host.close())

const crashAfter = (events: number) => host.run(process.execPath, program, host.folder, String(events))
const cleared = () => eventually(async () => expect(await leftOn(host)).toBe(''))

it('a program killed after anything it does with a pod leaves nothing that pod rm -f, or reset, does not take away', async () => {
  const whole = await crashAfter(0)
  expect(whole.stderr).toBe('')
  const events = Number(whole.stdout)
  expect(events).toBeGreaterThan(30)
  await cleared()
  // All of them with OCILAB_SWEEP; else each sixth one, and on other days the others.
  const [first, step] = process.env.OCILAB_SWEEP ? [1, 1] : [1 + (new Date().getDate() % 6), 6]
  for (let last = first; last <= events; last += step) {
    expect((await crashAfter(last)).stdout).toBe('')
    if (last % 2 === 0) expect((await host.ocilab('pod', 'rm', '-f', 'crash')).status).toBe(0)
    const { status, stderr } = await host.ocilab('reset')
    expect([last, status, stderr]).toEqual([last, 0, ''])
    await cleared()
  }
}, 300_000)
