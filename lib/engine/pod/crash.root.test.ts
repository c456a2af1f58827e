import { afterAll, beforeAll, expect, it } from 'vitest'
import { cleared, crashProgram, eventsOf, module, sweepCrashes } from '../run/testCrash.ts'
import { type TestHost, testHost } from '../run/testHost.ts'

// A pod is made, its sandbox started, and taken down again: killed after any of the things it tells.
const IMPORTS = `
  import { createPod } from ${module('engine/pod/create.ts')}
  import { removePod } from ${module('engine/pod/life.ts')}
  import { supervise } from ${module('engine/run/supervise.ts')}
  import { parsePorts } from ${module('engine/run/ports.ts')}`
const WORK = `
  const pod = await createPod(home, { name: 'crash', share: ['ipc', 'net'], ports: parsePorts('8000:8000') }, { onEvent })
  await supervise(home, pod.sandbox.id, { onEvent, started: pid => process.kill(pid, 'SIGTERM') })
  await removePod(home, pod, { onEvent })`

let host: TestHost
beforeAll(async () => {
  host = await testHost()
})
afterAll(() => host.close())

it('a program killed after anything it does with a pod leaves nothing that pod rm -f, or reset, does not take away', async () => {
  const crashAfter = crashProgram(host, IMPORTS, WORK)
  const events = await eventsOf(crashAfter)
  await cleared(host)
  const remove = async () => expect((await host.ocilab('pod', 'rm', '-f', 'crash')).status).toBe(0)
  await sweepCrashes(host, crashAfter, { events, step: 6, remove })
}, 300_000)
