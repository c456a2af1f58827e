import { expect, it } from 'vitest'
import { cgroupsBelow } from './below.ts'

const paths = {
  mode: 'hybrid',
  folders: { cpu: '/c/cpu/x', cpuacct: '/c/cpu/x', memory: '/c/memory/x', unified: '/c/u/x' },
} as const

it.each([
  [[], {}],
  [['/'], { cpu: '/c/cpu/x/', cpuacct: '/c/cpu/x/', memory: '/c/memory/x/', unified: '/c/u/x/' }],
  [['a/b'], { cpu: '/c/cpu/x/a/b', cpuacct: '/c/cpu/x/a/b', memory: '/c/memory/x/a/b', unified: '/c/u/x/a/b' }],
  [['memory:a', 'cpu,cpuacct:b'], { memory: '/c/memory/x/a', cpu: '/c/cpu/x/b', cpuacct: '/c/cpu/x/b' }],
  [['memory:/a'], { memory: '/c/memory/x/a' }],
])('--cgroup %j', (asked, changed) => {
  expect(cgroupsBelow(paths, asked)).toEqual({ mode: 'hybrid', folders: { ...paths.folders, ...changed } })
})

it.each([
  ['..', /bad sub cgroup path: \.\./],
  ['memory:a/../../y', /bad sub cgroup path/],
  ['nonesuch:a', /unknown controller nonesuch/],
  ['constructor:a', /unknown controller constructor/],
])('--cgroup %s is refused', (word, said) => {
  expect(() => cgroupsBelow(paths, [word])).toThrow(said)
})
