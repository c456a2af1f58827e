import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkRuntimeConfig, configProblems } from '../../spec/runtime/check.ts'
import { at, everyPath, set, without } from '../../spec/runtime/testChange.ts'
import { wholeConfig } from '../../spec/runtime/testConfig.ts'
import { describeStep } from './describe.ts'
import { encodePlan } from './encode.ts'
import { type InitPlace, initPlan } from './initPlan.ts'

const place: InitPlace = {
  ...{
    privileged: true,
    noPivot: false,
    noKeyring: false,
    id: 'x',
    idmaps: ['/proc/2/ns/user', '/proc/3/ns/user'],
    bundle: '/b',
    entrance: { tasks: [] },
    cgroupNamespace: true,
  },
  ...{ cgroups: [{ version: 2, names: '', folder: '/sys/fs/cgroup/x' }], held: ~0n, setGroups: true, preserved: 0 },
  ...{ fifo: '/f', console: 'keeper', label: 'x', parentMount: '/' },
}

// The check is all that stands between a file somebody wrote and the plan: what it lets through must make one.
it('what is accepted can be planned, written down and handed over', () => {
  const paths = everyPath(wholeConfig())
  const values = fc.oneof(
    fc.constantFrom<unknown>(0, -1, 1, 2 ** 31, 2 ** 53, 2 ** 63, 2 ** 64, '', '/', 'x', ' ', '0-3,5', 'rbind', [], {}),
    fc.constantFrom(...paths).map(path => at(wholeConfig(), path)),
    fc.constant(without),
  )
  let accepted = 0
  const runs = Number(process.env.OCILAB_RUNS ?? 5000)
  fc.assert(
    fc.property(fc.constantFrom(...paths), values, (path, value) => {
      const json = JSON.parse(JSON.stringify(set(wholeConfig(), path, value)))
      if (configProblems(json).length > 0) return
      const config = checkRuntimeConfig(json, 'config.json')
      accepted++
      const plan = initPlan(config, place)
      expect(plan.map(describeStep).join('\n')).not.toMatch(/undefined|NaN|\[object/)
      expect(encodePlan(plan).length).toBeGreaterThan(1000)
    }),
    { numRuns: runs },
  )
  expect(accepted).toBeGreaterThan(runs / 10)
})
