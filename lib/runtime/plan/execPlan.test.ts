import { describe, expect, it } from 'vitest'
import { stepsIntoContainer } from './execPlan.ts'
import { NAMESPACES } from './namespaces.ts'

const { pid, cgroup } = NAMESPACES
const steps = (flags: number) =>
  stepsIntoContainer(7, flags, { unified: '/sys/fs/cgroup/x', tasks: [] }, true).map(step =>
    step.op === 'open' ? `open ${step.path}` : step.op === 'join' ? `join ${step.flags}` : step.op,
  )

describe('into a container', () => {
  // From outside of a cgroup namespace nobody in it may enter a cgroup: the clone that does so has to come first.
  it('its cgroup comes before its cgroup namespace', () =>
    expect(steps(pid.flag | cgroup.flag)).toEqual([
      ...['undumpable', 'open /sys/fs/cgroup/x', 'open /proc/7/ns/cgroup', 'open /proc'],
      ...[`join ${pid.flag}`, 'clone', 'setns', 'sync'],
    ]))
  it('without one nothing is joined after the clone', () =>
    expect(steps(pid.flag)).toEqual([
      ...['undumpable', 'open /sys/fs/cgroup/x', 'open /proc', `join ${pid.flag}`, 'clone', 'sync'],
    ]))
})
