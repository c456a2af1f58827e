import { describe, expect, it } from 'vitest'
import { defaultSpec } from '../../bundle/defaultSpec.ts'
import { wholeConfig } from '../../spec/runtime/testConfig.ts'
import { type ExecPlace, execPlan } from './execPlan.ts'
import { type InitPlace, initPlan } from './initPlan.ts'
import { RDONLY } from './mountOptions.ts'
import { SLOT, type Step } from './step.ts'

const place: InitPlace & ExecPlace = {
  ...{ privileged: true, noPivot: false, noKeyring: true, id: 'x', bundle: '/b', cgroupNamespace: true, held: ~0n },
  ...{ cgroups: [], setGroups: true, preserved: 0, fifo: '/f', console: 'keeper', entrance: { tasks: [] } },
  ...{ idmaps: ['/proc/2/ns/user', '/proc/3/ns/user'], pid: 2, flags: 0, userNamespace: false, linux: {} },
}
const config = wholeConfig()
const opsOf = (steps: readonly Step[]) => steps.map(({ op }) => op)

// Made impossible by the order of the steps, whoever reads the config.
describe.each([
  ['create', initPlan(config, place)],
  ['exec', execPlan(config.process!, place)],
])('the plan of %s', (_, steps) => {
  const ops = opsOf(steps)

  // CVE-2016-9962, CVE-2024-21626
  it('closes all that is the host’s before its user and capabilities are those of the container', () => {
    expect(ops.indexOf('closeSlots')).toBeGreaterThan(0)
    for (const op of ['chdir', 'bounding', 'capabilities', 'find', 'exec'] as const)
      expect(ops.indexOf('closeSlots'), op).toBeLessThan(ops.indexOf(op))
    expect(ops.indexOf('undumpable')).toBeLessThan(ops.lastIndexOf('session'))
    const later = steps.slice(ops.indexOf('closeSlots') + 1)
    for (const step of later) expect(step, step.op).not.toMatchObject({ slot: expect.any(Number), op: 'open' })
  })

  it('looks where it is after it has gone to its working directory, and has nothing but 0, 1 and 2', () => {
    expect(ops.indexOf('closeFrom')).toBeGreaterThan(ops.indexOf('chdir'))
    expect(steps.find(({ op }) => op === 'closeFrom')).toMatchObject({ fd: 3 })
  })

  // CVE-2019-16884, CVE-2025-52881
  it('writes labels and kernel parameters by way of the one /proc that it has seen to be the kernel’s', () => {
    const opened = steps.findIndex(step => step.op === 'open' && step.slot === SLOT.proc)
    expect(steps[opened]).toMatchObject({ path: '/proc', magic: 0x9fa0 })
    expect(steps.findIndex(step => step.op === 'open' && step.slot === SLOT.proc && step.magic === 0)).toBe(-1)
    expect(opened).toBeLessThan(ops.indexOf('proc'))
    if (ops.includes('root')) expect(opened).toBeLessThan(ops.indexOf('root'))
    else expect(opened).toBeLessThan(ops.indexOf('join'))
  })
})

// CVE-2022-24769
it('no capability is given that the config does not name', () => {
  const steps = initPlan({ ...config, process: { ...config.process!, capabilities: undefined } }, place)
  const none = { effective: 0n, permitted: 0n, inheritable: 0n }
  expect(steps.find(({ op }) => op === 'capabilities')).toMatchObject(none)
  expect(steps.find(({ op }) => op === 'ambient')).toMatchObject({ mask: 0n })
  expect(steps.find(({ op }) => op === 'bounding')).toMatchObject({ mask: 0n })
})

// CVE-2025-31133: the mask is opened before anything of the image is there.
it('masks are of the host’s /dev/null', () => {
  const steps = initPlan(config, place)
  const opened = steps.findIndex(step => step.op === 'open' && step.slot === SLOT.nullDevice)
  expect(opened).toBeLessThan(opsOf(steps).indexOf('root'))
  expect(opsOf(steps).indexOf('mask')).toBeLessThan(opsOf(steps).indexOf('pivot'))
})

// CVE-2023-25809
it('an ordinary user’s container that has the host’s /sys may not write to the cgroups in it', () => {
  const spec = defaultSpec({ rootless: true })
  const steps = initPlan(
    { ...spec, process: { ...spec.process!, terminal: false } },
    { ...place, privileged: false, idmaps: [] },
  )
  const sys = steps.find(step => step.op === 'bind' && step.target === '/sys')
  expect(sys).toMatchObject({ recursive: true, set: expect.any(Number) })
  expect(sys && 'recursiveSet' in sys && sys.recursiveSet & RDONLY).toBe(RDONLY)
})
