import { describe, expect, it } from 'vitest'
import { cgroupMode, hierarchies, ownBelowMount, parseHierarchies } from './hierarchy.ts'

const mount = (id: number, root: string, at: string, type: string, options: string) =>
  `${id} 31 0:${id} ${root} ${at} rw,relatime shared:${id} - ${type} ${type} ${options}\n`

const SYSTEMD_V1 =
  mount(31, '/', '/sys/fs/cgroup', 'tmpfs', 'ro,mode=755') +
  mount(32, '/', '/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct') +
  mount(33, '/', '/sys/fs/cgroup/memory', 'cgroup', 'rw,memory') +
  mount(34, '/', '/sys/fs/cgroup/systemd', 'cgroup', 'rw,xattr,release_agent=/lib/cpu,name=systemd')
const V2_BESIDE = mount(35, '/', '/sys/fs/cgroup/unified', 'cgroup2', 'rw,nsdelegate')
const V2_ALONE = mount(31, '/', '/sys/fs/cgroup', 'cgroup2', 'rw,nsdelegate')
const MEMBER_V1 = '5:memory:/user.slice\n4:cpu,cpuacct:/\n2:pids:/not/mounted\n1:name=systemd:/user.slice/a:b.scope\n'

describe('parseHierarchies', () => {
  it('finds controllers mounted together, systemd’s tree, and leaves out what is not mounted', () => {
    expect(parseHierarchies(SYSTEMD_V1, MEMBER_V1)).toEqual([
      { version: 1, controllers: ['cpu', 'cpuacct'], mountpoint: '/sys/fs/cgroup/cpu,cpuacct', own: '/', root: '/' },
      { version: 1, controllers: ['memory'], mountpoint: '/sys/fs/cgroup/memory', own: '/user.slice', root: '/' },
      {
        version: 1,
        controllers: ['name=systemd'],
        mountpoint: '/sys/fs/cgroup/systemd',
        own: '/user.slice/a:b.scope',
        root: '/',
      },
    ])
  })

  it.each([
    ['\\040 is a blank', mount(1, '/', '/mnt/my\\040cgroups', 'cgroup2', 'rw'), '0::/\n', '/mnt/my cgroups', '/'],
    ['\\134 is a backslash', mount(1, '/', '/a\\134040b', 'cgroup2', 'rw'), '0::/x\n', '/a\\040b', '/x'],
    ['a cgroup that is gone', V2_ALONE, '0::/gone (deleted)\n', '/sys/fs/cgroup', '/gone'],
    [
      'the usual place of two',
      mount(9, '/', '/var/lib/x/cgroup', 'cgroup2', 'rw') + V2_ALONE,
      '0::/\n',
      '/sys/fs/cgroup',
      '/',
    ],
    [
      'what is not hidden by another mount',
      mount(9, '/', '/mnt/c', 'cgroup2', 'rw') +
        mount(10, '/', '/mnt/c', 'tmpfs', 'rw') +
        mount(11, '/', '/mnt/d', 'cgroup2', 'rw'),
      '0::/\n',
      '/mnt/d',
      '/',
    ],
  ])('%s', (_, mountinfo, cgroup, mountpoint, own) => {
    expect(parseHierarchies(mountinfo, cgroup)).toMatchObject([{ version: 2, controllers: [], mountpoint, own }])
  })

  it('knows optional fields before the dash, none and several', () => {
    const line = '9 1 0:9 / /c rw shared:1 master:2 - cgroup2 none rw\n10 1 0:10 / /p rw - proc proc rw\n'
    expect(parseHierarchies(line, '0::/\n')).toMatchObject([{ mountpoint: '/c' }])
  })
})

describe('cgroupMode', () => {
  it.each([
    ['v1', SYSTEMD_V1, MEMBER_V1],
    ['hybrid', SYSTEMD_V1 + V2_BESIDE, `${MEMBER_V1}0::/\n`],
    ['v2', V2_ALONE, '0::/\n'],
    ['v2', V2_ALONE + mount(40, '/', '/opt/net_cls', 'cgroup', 'rw,net_cls'), '1:net_cls:/\n0::/\n'],
    ['v2', mount(40, '/', '/mnt/cgroup2', 'cgroup2', 'rw'), '0::/\n'],
    ['v1', '', ''],
  ])('%s', (mode, mountinfo, cgroup) => {
    expect(cgroupMode(parseHierarchies(mountinfo, cgroup))).toBe(mode)
  })
})

describe('ownBelowMount', () => {
  it.each([
    ['/', '/', ''],
    ['/', '/user.slice/x', 'user.slice/x'],
    ['/docker/abc', '/docker/abc', ''],
    ['/docker/abc', '/docker/abc/init', 'init'],
    ['/docker/abc', '/', ''],
    ['/docker/abc', '/docker/abcd', ''],
    ['/', '/..data', '..data'],
  ])('of %s mounted, %s is %j', (root, own, below) => {
    expect(ownBelowMount({ version: 2, controllers: [], mountpoint: '/c', own, root })).toBe(below)
  })
})

it('reads this machine', () => {
  const list = hierarchies()
  expect(list.length).toBeGreaterThan(0)
  expect(hierarchies(process.pid)).toEqual(list)
  expect(() => hierarchies(2 ** 30)).toThrow(/ENOENT/)
})
