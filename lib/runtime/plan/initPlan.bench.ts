import { it } from 'vitest'
import { defaultSpec } from '../../bundle/defaultSpec.ts'
import { encodePlan } from './encode.ts'
import { type InitPlace, initPlan } from './initPlan.ts'

const place: InitPlace = {
  ...{ id: 'c1', bundle: '/b', cgroupNamespace: false, held: ~0n, setGroups: true, preserved: 0, privileged: true },
  ...{ noPivot: false, noKeyring: false, idmaps: [], fifo: '/run/ocirun/c1/exec.fifo' },
  entrance: { unified: '/sys/fs/cgroup/unified/c1', tasks: ['/sys/fs/cgroup/cpu/c1/tasks'] },
  cgroups: [{ version: 2, names: '', folder: '/sys/fs/cgroup/c1' }],
}
const spec = defaultSpec()
const config = { ...spec, process: { ...spec.process!, terminal: false } }

it('the plan of the default config', async ({ bench }) => {
  await bench('initPlan', () => void initPlan(config, place)).run()
  const steps = initPlan(config, place)
  await bench('encodePlan', () => void encodePlan(steps)).run()
})
