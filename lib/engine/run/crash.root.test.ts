import { afterAll, beforeAll, it } from 'vitest'
import { cleared, crashProgram, eventsOf, module, sweepCrashes } from './testCrash.ts'
import { type TestHost, testHost } from './testHost.ts'

// Whoever makes a container, starts it and stays with it is killed after each single thing that it does.
const IMPORTS = `
  import { createRecord } from ${module('engine/run/create.ts')}
  import { supervise } from ${module('engine/run/supervise.ts')}
  import { parsePorts } from ${module('engine/run/ports.ts')}
  import { tinyImage } from ${module('lab/demo/tinyImage.ts')}`
const WORK = `
  const request = { image: 'tiny', name: 'crash', entrypoint: 'true', ports: parsePorts('8000:8000') }
  const record = await createRecord(home, await tinyImage(), request, { onEvent })
  await supervise(home, record.id, { onEvent })`

let host: TestHost
beforeAll(async () => {
  host = await testHost()
})
afterAll(() => host.close())

it('a program killed after anything it does leaves nothing that rm -f, or reset, does not take away', async () => {
  const crashAfter = crashProgram(host, IMPORTS, WORK)
  const events = await eventsOf(crashAfter)
  await host.ocilab('rm', 'crash')
  await cleared(host)
  await sweepCrashes(host, crashAfter, { events, step: 4, remove: () => host.ocilab('rm', '-f', 'crash') })
}, 300_000)
