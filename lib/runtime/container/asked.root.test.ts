import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openBundle } from '../../bundle/bundle.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { ocirun } from '../ocirun.ts'
import { testBundle } from '../testBundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-asked-'))
const runtime = ocirun({ root: join(folder, 'state') })
const made: { remove(): void }[] = []

async function bundleOf(args: string[], change: (config: RuntimeConfig) => void): Promise<string> {
  const bundle = await testBundle(args)
  made.push(bundle)
  await (await openBundle(bundle.path)).edit(change)
  return bundle.path
}

afterEach(async () => {
  for (const { id } of await runtime.list()) await (await runtime.load(id)).delete({ force: true })
})
afterAll(() => {
  for (const bundle of made) bundle.remove()
  rmSync(folder, { recursive: true, force: true })
})

describe('a filter that asks', () => {
  const ENOTNAM = 118
  const agent = join(folder, 'agent')
  const socket = join(folder, 'agent.sock')
  beforeAll(() => {
    const source = fileURLToPath(new URL('../testdata/agent.c', import.meta.url))
    execFileSync('cc', ['-o', agent, source])
  })
  const asking = (change: (config: RuntimeConfig) => void = () => {}) =>
    bundleOf(['sleep', '1000'], config => {
      config.linux!.seccomp = {
        ...{ defaultAction: 'SCMP_ACT_ALLOW', listenerPath: socket, listenerMetadata: 'some words' },
        syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_NOTIFY' }],
      }
      change(config)
    })

  it.each([true, false])('is answered by who listens, with noNewPrivileges %s', async noNewPrivileges => {
    const bundle = await asking(config => {
      config.process!.noNewPrivileges = noNewPrivileges
      config.process!.args = ['sh', '-c', 'mkdir /tmp/x; echo $?; sleep 1000']
    })
    rmSync(socket, { force: true })
    const answering = spawn(agent, [socket, `${ENOTNAM}`], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(answering, 'exit')
    const said = text(answering.stdout)
    await expect.poll(() => existsSync(socket), { timeout: 30_000 }).toBe(true)
    const output = join(folder, `asked-${noNewPrivileges}`)
    const container = await runtime.run('asked', bundle, { output })
    await expect
      .poll(() => execFileSync('cat', [output], { encoding: 'utf8' }), { timeout: 30_000 })
      .toContain("mkdir: can't create directory '/tmp/x': Not a XENIX named type file\n1\n")
    const { pid } = await container.state()
    await container.delete({ force: true })
    await ended
    expect(JSON.parse(await said)).toEqual({
      ...{ ociVersion: expect.any(String), fds: ['seccompFd'], pid, metadata: 'some words' },
      state: expect.objectContaining({ id: 'asked', pid, status: 'creating', bundle }),
    })
  })

  it('that nobody can be asked by is refused, and so is one whom nobody answers', async () => {
    const nowhere = asking(config => {
      config.linux!.seccomp!.listenerPath = undefined
    })
    await expect(nowhere).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      data: { where: 'linux.seccomp.listenerPath' },
    })
    rmSync(socket, { force: true })
    await expect(runtime.run('nobody', await asking())).rejects.toMatchObject({
      message: `linux.seccomp.listenerPath: ${socket}: ENOENT (${socket})`,
    })
    expect(await runtime.list()).toEqual([])
  })
})

describe('the owners of a mount', () => {
  const mappings = (hostID: number) => [{ containerID: 0, hostID, size: 1000 }]
  const source = join(folder, 'source')
  beforeAll(() => {
    mkdirSync(join(source, 'below'), { recursive: true })
    writeFileSync(join(source, 'file'), '')
    chownSync(join(source, 'file'), 7, 8)
    chmodSync(source, 0o777)
    // Who is root in a user namespace is nobody on the way to it.
    chmodSync(folder, 0o755)
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(source, 'below')])
  })
  afterAll(() => execFileSync('umount', [join(source, 'below')]))
  const owners = 'stat -c "%n %u:%g" /m /m/file /m/below; echo > /m/new'

  it.each([
    ['by the mount’s own mappings', ['rbind'], '/m 5000:6000\n/m/file 5007:6008\n/m/below 0:0\n'],
    ['with what is mounted below', ['rbind', 'ridmap'], '/m 5000:6000\n/m/file 5007:6008\n/m/below 5000:6000\n'],
  ])('are mapped %s', async (_, options, expected) => {
    const bundle = await bundleOf(['sleep', '1000'], config => {
      const mapped = { uidMappings: mappings(5000), gidMappings: mappings(6000) }
      config.mounts!.push({ destination: '/m', type: 'bind', source, options, ...mapped })
      config.process!.user = { uid: 5003, gid: 6003 }
    })
    const container = await runtime.run('mapped', bundle)
    expect((await container.exec({ args: ['/bin/busybox', 'sh', '-c', owners] })).stdout).toBe(expected)
    expect(statSync(join(source, 'new'))).toMatchObject({ uid: 3, gid: 3 })
    rmSync(join(source, 'new'))
  })

  it('are mapped by the container’s mappings, where it has a user namespace and the mount says no more', async () => {
    const bundle = await bundleOf(['sleep', '1000'], config => {
      config.linux!.namespaces!.push({ type: 'user' })
      Object.assign(config.linux!, { uidMappings: mappings(5000), gidMappings: mappings(6000) })
      config.mounts!.push({ destination: '/m', type: 'bind', source, options: ['bind', 'idmap'] })
    })
    chmodSync(bundle, 0o755)
    execFileSync('chown', ['-R', '5000:6000', join(bundle, 'rootfs')])
    const container = await runtime.run('own', bundle)
    const { stdout } = await container.exec({ args: ['/bin/busybox', 'stat', '-c', '%u:%g', '/m/file'] })
    expect(stdout).toBe('7:8\n')
  })

  it.each([
    ['where there are no mappings', { options: ['bind', 'idmap'] }],
    ['where half of them is missing', { options: ['bind'], uidMappings: mappings(1) }],
    ['where nothing is bound', { type: 'tmpfs', uidMappings: mappings(1), gidMappings: mappings(1) }],
  ])('cannot be %s', async (_, mount) => {
    const bundle = bundleOf(['true'], config => config.mounts!.push({ destination: '/m', source, ...mount }))
    await expect(bundle).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      data: { where: expect.stringMatching(/^mounts\[7\]\.[ug]idMappings$/) },
    })
    expect(await runtime.list()).toEqual([])
  })
})
