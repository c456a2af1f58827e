import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Container } from './container.ts'
import { testOcirun } from './testBundle.ts'
import { testContainers } from './testContainers.ts'

const { folder, root, runtime, bundleOf, outputOf, clear, remove } = testContainers('process')
let program: string
beforeAll(() => {
  program = testOcirun(folder)
})
afterEach(clear)
afterAll(remove)

const out = async (container: Container, ...args: string[]) => (await container.exec({ args })).stdout
const call = (args: string[], stdio: ('pipe' | number)[] = ['pipe', 'pipe', 'pipe']) =>
  spawnSync(program, ['--root', root, ...args], { encoding: 'utf8', timeout: 30_000, stdio })

// CVE-2016-9962: who shares its processes could take what a process had open that was about to run.
it('a container that waits to be started has nothing of the host’s open, and lets nobody look', async () => {
  const waiting = await runtime.create('waiting', await bundleOf(['sleep', '1000']))
  const { pid } = await waiting.state()
  const open = readdirSync(`/proc/${pid}/fd`).map(fd =>
    spawnSync('readlink', [`/proc/${pid}/fd/${fd}`])
      .stdout.toString()
      .trim(),
  )
  expect(open.filter(path => path.startsWith('/') && path !== '/dev/null')).toEqual([
    expect.stringMatching(/\/waiting\/exec\.fifo$/),
    // Its own descriptors, in a copy of /proc that has nothing else.
    '/',
  ])
  const beside = await bundleOf(['sleep', '1000'], config => {
    const others = config.linux!.namespaces!.filter(({ type }) => type !== 'pid')
    config.linux!.namespaces = [...others, { type: 'pid', path: `/proc/${pid}/ns/pid` }]
  })
  const container = await runtime.run('beside', beside)
  for (const file of ['fd/0', 'fd/3', 'exe', 'root', 'cwd', 'environ', 'maps'])
    expect((await container.exec({ args: ['cat', `/proc/1/${file}`] })).stderr, file).toContain('Permission denied')
  await waiting.start()
  expect(await out(waiting, 'echo', 'started')).toBe('started\n')
})

describe('what a process is given', () => {
  // CVE-2022-24769, CVE-2022-29162, crun CVE-2022-27650: a set that programs without any rights regain some from.
  it('is no inheritable capability that was not asked for, nor by exec --cap', async () => {
    const container = await runtime.run('caps', await bundleOf(['sleep', '1000']))
    const sets = async () => (await out(container, 'cat', '/proc/self/status')).match(/Cap(Inh|Amb).*/g)
    expect(await sets()).toEqual(['CapInh:\t0000000000000000', 'CapAmb:\t0000000000000000'])
    const { stdout } = call(['exec', '--cap', 'CAP_NET_RAW', 'caps', 'cat', '/proc/self/status'])
    expect(stdout).toMatch(/CapInh:\t0{16}\nCapPrm:\t\w*2\w{3}\n/)
    expect(stdout).toMatch(/CapAmb:\t0{16}\n/)
  })

  // containerd CVE-2023-25173: groups of whoever made it stayed.
  it('is the groups of its config and no others', async () => {
    const bundle = await bundleOf(['id', '-G'], config => {
      config.process!.user = { uid: 1000, gid: 1000, additionalGids: [7, 2 ** 31] }
    })
    expect(await outputOf('groups', bundle)).toBe('1000 7 2147483648\n')
    const none = await bundleOf(['id', '-G'], config => {
      config.process!.user = { uid: 0, gid: 5 }
    })
    expect(await outputOf('none', none)).toBe('5\n')
  })

  // containerd CVE-2024-40635: what overflowed was root. crun CVE-2026-30892: so was what was left empty.
  it.each([
    ['4294967295', 'want a number below 4294967295'],
    ['4294967296', 'want a number below 4294967295'],
    ['-1', 'want a number below 4294967295'],
    ['1000:', 'want a number'],
    [':5', 'want a number'],
    ['a:b', 'want a number'],
    ['1:2:3', 'want uid[:gid]'],
    ['', 'want a number'],
    [' 0', 'want a number'],
    ['0x0', 'want a number'],
    ['1e3', 'want a number'],
  ])('is never the user %j', async (user, said) => {
    await runtime.run('user', await bundleOf(['sleep', '1000']))
    expect(call(['exec', '--user', user, 'user', 'id'])).toMatchObject({
      ...{ status: 255, stdout: '', stderr: expect.stringContaining(said) },
    })
  })

  // runc CVE-2016-3697: a user of the image whose name was a number.
  it('is the user of that number, where the image has one of that name', async () => {
    const bundle = await bundleOf(['sleep', '1000'], (_, rootfs) => {
      mkdirSync(join(rootfs, 'etc'))
      writeFileSync(join(rootfs, 'etc/passwd'), '1000:x:0:0::/:/bin/sh\n')
    })
    const container = await runtime.run('numeric', bundle)
    expect((await container.exec({ args: ['id', '-u'], user: '1000' })).stdout).toBe('1000\n')
    expect(call(['exec', '--user', '1000', 'numeric', 'id', '-u']).stdout).toBe('1000\n')
  })

  it('is stdin, stdout and stderr, and as many more as it was promised', async () => {
    await runtime.run('fds', await bundleOf(['sleep', '1000']))
    const [three, four] = [openSync('/dev/null', 'r'), openSync('/dev/zero', 'r')]
    const list = (...flags: string[]) =>
      call(['exec', ...flags, 'fds', 'ls', '/proc/self/fd'], ['pipe', 'pipe', 'pipe', three, four]).stdout
    // The last is the folder that ls reads.
    expect(list()).toBe('0\n1\n2\n3\n')
    expect(list('--preserve-fds', '1')).toBe('0\n1\n2\n3\n4\n')
    expect(list('--preserve-fds', '2')).toBe('0\n1\n2\n3\n4\n5\n')
    closeSync(three)
    closeSync(four)
  })

  it('is a program of the image, never one of the host', async () => {
    const tool = join(folder, 'only-here')
    writeFileSync(tool, '#!/bin/sh\necho no\n', { mode: 0o755 })
    for (const args of [['only-here'], [tool]]) {
      const bundle = await bundleOf(args, config => {
        config.process!.env = [`PATH=/bin:${folder}`]
      })
      await expect(runtime.run('path', bundle)).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
    }
  })

  // runc CVE-2021-43784: a length that overflowed in the message to the process.
  it('is all that was said to it, however long', async () => {
    const long = 'x'.repeat(100_000)
    const bundle = await bundleOf(['sh', '-c', 'env | wc -c'], config => {
      config.process!.env!.push(...Array.from({ length: 15 }, (_, i) => `L${i}=${long}`))
    })
    symlinkSync('busybox', join(bundle, 'rootfs/bin/wc'))
    expect(Number(await outputOf('long', bundle))).toBeGreaterThan(1_500_000)
    const longer = await bundleOf(['true', `${long}${long}`])
    await expect(runtime.run('longer', longer)).rejects.toThrow('argument list too long')
  })
})

// At one moment it is a folder, at the next a link, or nothing at all.
const SWAP = `
  const { mkdirSync, renameSync, rmSync, symlinkSync } = require('node:fs')
  const { at, link } = require('node:worker_threads').workerData
  const attempt = action => { try { action() } catch {} }
  for (;;) {
    attempt(() => symlinkSync(link, at))
    attempt(() => renameSync(at, at + '-gone'))
    attempt(() => mkdirSync(at))
    attempt(() => renameSync(at, at + '-gone'))
    rmSync(at + '-gone', { recursive: true, force: true })
  }`

// CVE-2021-30465, CVE-2019-19921: between the look and the mount the path became a link.
it('a path that changes while it is used leads nowhere out', async () => {
  const volume = join(folder, 'volume')
  const host = join(folder, 'host')
  mkdirSync(volume)
  mkdirSync(host)
  const swapping = new Worker(SWAP, { eval: true, workerData: { at: join(volume, 'data'), link: `/..${host}` } })
  const bundle = await bundleOf(['true'], (config, rootfs) => {
    mkdirSync(join(rootfs, host), { recursive: true })
    config.mounts!.push({ destination: '/volume', source: volume, options: ['rbind'] })
    config.mounts!.push({ destination: '/volume/data/below', type: 'tmpfs', source: 'tmpfs' })
  })
  let made = 0
  try {
    for (let i = 0; i < 60; i++) {
      await outputOf('race', bundle).then(
        () => made++,
        () =>
          runtime
            .load('race')
            .then(c => c.delete({ force: true }))
            .catch(() => {}),
      )
      expect(readdirSync(host)).toEqual([])
    }
  } finally {
    await swapping.terminate()
  }
  expect(made).toBeGreaterThan(0)
})
