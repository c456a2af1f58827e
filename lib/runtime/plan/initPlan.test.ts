import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultSpec } from '../../bundle/defaultSpec.ts'
import { describeStep } from './describe.ts'
import { encodePlan } from './encode.ts'
import { type InitPlace, initPlan } from './initPlan.ts'
import { RDONLY, sortOptions } from './mountOptions.ts'
import type { Step } from './step.ts'

const place: InitPlace = {
  ...{ id: 'c1', bundle: '/b', cgroupNamespace: false, held: ~0n, setGroups: true, preserved: 0, privileged: true },
  ...{ noPivot: false, noKeyring: false, idmaps: [], fifo: '/run/ocirun/c1/exec.fifo' },
  entrance: { unified: '/sys/fs/cgroup/unified/c1', tasks: ['/sys/fs/cgroup/cpu/c1/tasks'] },
  cgroups: [{ version: 2, names: '', folder: '/sys/fs/cgroup/c1' }],
}
const config = () => ({ ...defaultSpec(), process: { ...defaultSpec().process!, terminal: false } })
const opsOf = (steps: readonly Step[]) => steps.map(({ op }) => op)

describe('the plan of the default config', () => {
  const steps = initPlan(config(), place)

  it('reads as what a container is', () => {
    expect(steps.map(describeStep)).toMatchSnapshot()
  })

  it('has its turning points in the order of runtime.md § Lifecycle', () => {
    const marks = ['clone', 'root', 'pivot', 'hostname', 'capabilities', 'waitForStart', 'exec']
    expect(opsOf(steps).filter(op => marks.includes(op))).toEqual(marks)
    const syncs = steps.flatMap(step => (step.op === 'sync' ? [step.name] : []))
    expect(syncs).toEqual(['cloned', 'mounted', 'ready'])
  })

  it('opens what it takes from the host before anything of the image is mounted', () => {
    const ops = opsOf(steps)
    expect(ops.lastIndexOf('open')).toBeLessThan(ops.indexOf('root'))
  })

  it('follows no link of an image to where /proc, /sys and /dev are to be', () => {
    for (const step of steps) if (step.op === 'mount') expect(step.resolve, step.target).toBe(4)
  })

  it('closes what it has open of the host before a process of the container could be as much as it is', () => {
    const ops = opsOf(steps)
    expect(ops.indexOf('undumpable')).toBeLessThan(ops.indexOf('root'))
    expect(ops.indexOf('closeSlots')).toBeLessThan(ops.indexOf('bounding'))
    expect(ops.slice(ops.indexOf('closeSlots'))).not.toContain('proc')
  })

  it('gives no capability before all that needs one is done', () => {
    const ops = opsOf(steps)
    expect(ops.slice(ops.indexOf('capabilities'))).toEqual([
      ...['capabilities', 'ambient', 'find', 'sync', 'waitForStart', 'exec'],
    ])
  })
})

it.each<[what: string, change: (c: ReturnType<typeof config>) => void, expected: (ops: string[]) => void]>([
  [
    'joined namespaces are opened, as cgroups are, then entered',
    c => (c.linux!.namespaces![1]!.path = '/n'),
    ops => expect(ops.slice(0, 6)).toEqual(['open', 'openCgroups', 'open', 'setns', 'clone', 'enterCgroups']),
  ],
  [
    'a filter without noNewPrivileges comes while it still may',
    c => (c.process.noNewPrivileges = false),
    ops => expect(ops.indexOf('seccomp')).toBeLessThan(ops.indexOf('user')),
  ],
  [
    'with it, the filter comes last',
    c => (c.process.noNewPrivileges = true),
    ops => expect(ops.slice(-2)).toEqual(['seccomp', 'exec']),
  ],
  [
    'a bound /dev is left as it is',
    c => c.mounts!.push({ destination: '/dev', source: '/dev', options: ['rbind'] }),
    ops => expect(ops).not.toContain('mknod'),
  ],
  [
    'a new user namespace binds the devices it may not make',
    c => c.linux!.namespaces!.push({ type: 'user' }),
    ops => {
      expect(ops).not.toContain('mknod')
      expect(ops.filter(op => op === 'bind').length).toBeGreaterThan(5)
    },
  ],
  [
    'a time namespace is entered after its offsets are set',
    c => {
      c.linux!.namespaces!.push({ type: 'time' })
      c.linux!.timeOffsets = { boottime: { secs: 7 } }
    },
    ops => expect(ops.indexOf('proc')).toBeLessThan(ops.lastIndexOf('setns')),
  ],
])('%s', (_, change, expected) => {
  const changed = config()
  change(changed)
  expected(opsOf(initPlan(changed, { ...place, seccomp: { program: new Uint8Array(8), flags: 0, listener: false } })))
})

it.each([
  [['ro', 'rw'], { set: 0, clear: RDONLY }],
  [['rw', 'ro'], { set: RDONLY, clear: 0 }],
  [['rbind', 'rro'], { bind: true, recursive: true, recursiveSet: RDONLY, set: 0 }],
  [['noatime'], { set: 0x10, clear: 0x70 }],
  [['relatime'], { set: 0, clear: 0x70 }],
  [
    ['rslave', 'mode=755', 'size=1k'],
    { propagation: 1 << 19, propagationRecursive: true, data: ['mode=755', 'size=1k'] },
  ],
  [['tmpcopyup', 'defaults'], { copyUp: true, data: [] }],
])('mount options %j', (options, expected) => {
  expect(sortOptions(options)).toMatchObject(expected)
})

it('an encoded plan has every step with the arguments it has in native/init', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string().filter(text => !text.includes('\0'))),
      fc.bigInt(0n, 2n ** 64n - 1n),
      (texts, mask) => {
        const bytes = Buffer.from(
          encodePlan([
            { op: 'find', candidates: texts },
            { op: 'ambient', mask },
          ]),
        )
        expect(bytes.readUInt32LE(0)).toBe(bytes.length - 4)
        expect(bytes.readUInt32LE(4)).toBe(2)
        expect(bytes.readBigUInt64LE(bytes.length - 9)).toBe(mask)
        const joined = Buffer.from(texts.map(text => `${text}\0`).join(''))
        expect(bytes.readUInt32LE(8)).toBe(2)
        expect(bytes.subarray(25, 25 + joined.length)).toEqual(joined)
      },
    ),
  )
})

describe('a cgroup namespace of another container', () => {
  const steps = (...others: { type: 'user' | 'pid'; path?: string }[]) => {
    const linux = {
      namespaces: [...others, { type: 'cgroup' as const, path: '/proc/7/ns/cgroup' }, { type: 'mount' as const }],
    }
    const plan = initPlan({ ...config(), linux }, place)
    const marks = plan
      .slice(0, opsOf(plan).indexOf('sync'))
      .filter(({ op }) => ['setns', 'clone', 'enterCgroups'].includes(op))
    return marks.map(step => (step.op === 'setns' ? `setns ${step.type.toString(16)}` : step.op))
  }
  // From inside no cgroup may be entered that is outside of it, where v2 is mounted with nsdelegate: cgroups(7).
  it('is entered when the process is in its own cgroup', () =>
    expect(steps({ type: 'pid', path: '/proc/7/ns/pid' })).toEqual([
      ...['setns 20000000', 'clone', 'enterCgroups', 'setns 2000000'],
    ]))
  it('but with a user namespace before that, while we are root', () =>
    expect(steps({ type: 'user', path: '/proc/7/ns/user' })).toEqual([
      ...['setns 2000000', 'setns 10000000', 'clone', 'enterCgroups'],
    ]))
})
