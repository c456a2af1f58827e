import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeCgroups } from './make.ts'
import type { CgroupPaths } from './paths.ts'

// A folder that looks as the mount point of cgroup2; new folders in it have no files, as if their cgroups had none.
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ocirun-cgroup2-'))
  fill('.', { 'cgroup.procs': '1\n2\n', 'cgroup.controllers': 'cpu memory\n', 'cgroup.subtree_control': 'cpu\n' })
})
afterEach(() => rmSync(root, { recursive: true }))

const fill = (folder: string, files: Record<string, string>) => {
  mkdirSync(join(root, folder), { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, folder, file), text)
}
const paths = (folder: string): CgroupPaths => ({ mode: 'v2', folders: { unified: join(root, folder) } })
const says = (file: string) => readFileSync(join(root, file), 'utf8')
const empty = {
  'cgroup.procs': '',
  'cgroup.controllers': 'memory\n',
  'cgroup.subtree_control': '',
  'cgroup.type': 'domain\n',
}

describe('makeCgroups on v2', () => {
  it('makes what is missing and passes on what is not passed on yet', () => {
    fill('a', empty)
    fill('a/b', empty)
    expect(makeCgroups(paths('a/b/c/d'))).toEqual([join(root, 'a/b/c'), join(root, 'a/b/c/d')])
    expect(['', 'a/', 'a/b/'].map(folder => says(`${folder}cgroup.subtree_control`))).toEqual([
      '+memory',
      '+memory',
      '+memory',
    ])
  })

  it('passes nothing on in the container’s own cgroup', () => {
    fill('a', empty)
    expect(makeCgroups(paths('a'))).toEqual([])
    expect(says('a/cgroup.subtree_control')).toBe('')
  })

  it.each(['a', 'a/below'])('refuses a cgroup with a process in %s', folder => {
    fill('a', empty)
    fill(folder, { 'cgroup.procs': '7\n8\n' })
    expect(() => makeCgroups(paths('a'))).toThrow(
      expect.objectContaining({ code: 'CONTAINER_EXISTS', message: expect.stringMatching(/not empty: 2 process/) }),
    )
  })

  it('refuses a frozen one', () => {
    fill('a', { ...empty, 'cgroup.freeze': '1\n' })
    expect(() => makeCgroups(paths('a'))).toThrow(expect.objectContaining({ code: 'CONTAINER_WRONG_STATUS' }))
  })

  it.each([
    ['domain', { memory: { limit: 1 } }, 'domain\n'],
    ['domain invalid', {}, 'threaded'],
    ['domain invalid', { pids: { limit: 1 } }, 'threaded'],
    ['domain invalid', { memory: { limit: 1 } }, /memory\.limit: not in a cgroup of type domain invalid/],
    ['threaded', { pids: { limit: 1 } }, 'threaded\n'],
    ['threaded', { blockIO: { weight: 10 } }, /blockIO\.weight/],
  ])('a cgroup of type %j with %j', (type, resources, want) => {
    fill('a', { ...empty, 'cgroup.type': `${type}\n` })
    const run = () => makeCgroups(paths('a'), resources)
    if (want instanceof RegExp) expect(run).toThrow(want)
    else run()
    expect(says('a/cgroup.type')).toBe(want instanceof RegExp ? `${type}\n` : want)
  })

  it('leaves nothing behind when it fails', () => {
    fill('t', { ...empty, 'cgroup.type': 'threaded\n' })
    expect(() => makeCgroups(paths('t/x/y'), { memory: { limit: 1 } })).toThrow()
    expect(existsSync(join(root, 't/x'))).toBe(false)
  })

  it('makes nothing where no cgroups are mounted', () => {
    mkdirSync(join(root, 'plain'))
    rmSync(join(root, 'cgroup.procs'))
    expect(() => makeCgroups(paths('plain/c1'))).toThrow(/no cgroups are mounted there/)
    expect(existsSync(join(root, 'plain/c1'))).toBe(false)
  })
})
