import { describe, expect, it } from 'vitest'
import { isOciError } from '../../errors.ts'
import type { Hierarchy } from './hierarchy.ts'
import { cgroupPaths, foldersOf } from './paths.ts'

const v1 = (controllers: string[], own: string, root = '/'): Hierarchy => ({
  version: 1,
  controllers,
  mountpoint: `/sys/fs/cgroup/${controllers.join()}`,
  own,
  root,
})
const unified = (mountpoint: string, own: string, root = '/'): Hierarchy => ({
  version: 2,
  controllers: [],
  mountpoint,
  own,
  root,
})

const HYBRID = [
  v1(['cpu', 'cpuacct'], '/'),
  v1(['memory'], '/user.slice'),
  { ...v1(['name=systemd'], '/s'), mountpoint: '/sys/fs/cgroup/systemd' },
  v1(['name=elogind'], '/'),
  unified('/sys/fs/cgroup/unified', '/u'),
]
const V2 = [unified('/sys/fs/cgroup', '/user.slice/shell.scope')]
const NESTED = [v1(['memory'], '/docker/abc/me', '/docker/abc')]

describe('cgroupPaths', () => {
  it('is one folder per controller, a shared one under each name, systemd’s and the unified one', () => {
    expect(cgroupPaths('/a/b', 'c1', HYBRID)).toEqual({
      mode: 'hybrid',
      folders: {
        cpu: '/sys/fs/cgroup/cpu,cpuacct/a/b',
        cpuacct: '/sys/fs/cgroup/cpu,cpuacct/a/b',
        memory: '/sys/fs/cgroup/memory/a/b',
        'name=systemd': '/sys/fs/cgroup/systemd/a/b',
        unified: '/sys/fs/cgroup/unified/a/b',
      },
    })
    expect(foldersOf(cgroupPaths('/a/b', 'c1', HYBRID))).toHaveLength(4)
  })

  it.each<[string | undefined, readonly Hierarchy[], string, string]>([
    ['/x', HYBRID, 'memory', '/sys/fs/cgroup/memory/x'],
    ['x/y', HYBRID, 'memory', '/sys/fs/cgroup/memory/user.slice/x/y'],
    ['x/y', HYBRID, 'unified', '/sys/fs/cgroup/unified/u/x/y'],
    [undefined, HYBRID, 'memory', '/sys/fs/cgroup/memory/user.slice/c1'],
    ['', HYBRID, 'cpu', '/sys/fs/cgroup/cpu,cpuacct/c1'],
    ['//x/./y/', HYBRID, 'cpu', '/sys/fs/cgroup/cpu,cpuacct/x/y'],
    ['system.slice:runc:c1', HYBRID, 'cpu', '/sys/fs/cgroup/cpu,cpuacct/system.slice:runc:c1'],
    ['/x', V2, 'unified', '/sys/fs/cgroup/x'],
    ['x', V2, 'unified', '/sys/fs/cgroup/user.slice/x'],
    [undefined, V2, 'unified', '/sys/fs/cgroup/user.slice/c1'],
    [undefined, [unified('/sys/fs/cgroup', '/')], 'unified', '/sys/fs/cgroup/c1'],
    ['/x', NESTED, 'memory', '/sys/fs/cgroup/memory/x'],
    ['x', NESTED, 'memory', '/sys/fs/cgroup/memory/me/x'],
    ['/...', V2, 'unified', '/sys/fs/cgroup/...'],
  ])('%j on %#: %s', (path, list, controller, folder) => {
    expect(cgroupPaths(path, 'c1', list).folders[controller]).toBe(folder)
  })

  it('leaves v1 out where v2 is all', () => {
    expect(Object.keys(cgroupPaths('/x', 'c1', [...V2, v1(['net_cls'], '/')]).folders)).toEqual(['unified'])
  })

  it.each(['..', '/..', '/a/../b', 'a/..', '/', '.', './', '//', '/a\0b', '/a\nb'])('refuses %j', path => {
    const run = () => cgroupPaths(path, 'c1', HYBRID)
    expect(run).toThrow(expect.toSatisfy(error => isOciError(error, 'CONFIG_INVALID')))
    expect(run).toThrow(/linux\.cgroupsPath/)
  })

  it('refuses an id that is a path', () => {
    expect(() => cgroupPaths(undefined, '../c1', HYBRID)).toThrow(/^id: /)
  })
})
