import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pauseProgram } from '../../runtime/pause.ts'
import { testRootfs } from '../../runtime/testBundle.ts'
import { startPodman } from '../../runtime/testPodman.ts'
import type { TestWorld } from '../../runtime/testWorld.ts'
import { eventually, type TestHost, testHost } from '../run/testHost.ts'

// podman with its own pods, beside ours: the same words to both, and what the containers then see compared.
type Tool = (...args: string[]) => Promise<string>
let world: TestWorld
let host: TestHost
let tools: Record<'podman' | 'ocilab', Tool>

beforeAll(async () => {
  ;[world, host] = await Promise.all([startPodman(), testHost()])
  const rootfs = join(world.folder, 'rootfs')
  testRootfs(rootfs)
  for (const name of ['etc', 'tmp', 'proc', 'sys', 'dev']) mkdirSync(join(rootfs, name))
  const pause = join(world.folder, 'pause')
  mkdirSync(pause)
  writeFileSync(join(pause, 'pause'), pauseProgram(), { mode: 0o755 })
  for (const [folder, ...flags] of [['rootfs'], ['pause', '-c', 'ENTRYPOINT ["/pause"]']] as const) {
    execFileSync('tar', ['-C', join(world.folder, folder), '-cf', join(world.folder, `${folder}.tar`), '.'])
    await world.run('podman', 'import', ...flags, join(world.folder, `${folder}.tar`), `${folder}:test`)
  }
  await host.ocilab('demo', 'tiny', `oci:${host.folder}/image:v0`)
  tools = {
    podman: (...args) => world.run('podman', ...args),
    async ocilab(verb = '', ...args) {
      const { status, stdout, stderr } = await host.ocilab(verb, ...args)
      if (status !== 0) throw Object.assign(new Error(stderr), { stderr })
      return stdout
    },
  }
}, 120_000)
afterAll(() => Promise.all([world.stop(), host.close()]))

const IMAGE = {
  podman: ['--ulimit', 'host', '--entrypoint', 'sleep', 'rootfs:test', '1000'],
  ocilab: ['--entrypoint', 'sleep', '', '1000'],
}
const INFRA = { podman: ['--infra-image', 'pause:test', '--infra-command', '/pause'], ocilab: [] }
const TYPES = ['ipc', 'mnt', 'net', 'pid', 'uts']

async function story(name: 'podman' | 'ocilab', share: string) {
  const tool = tools[name]
  const member = (called: string) =>
    tool(
      'run',
      '-d',
      '--pod',
      'demo',
      '--name',
      called,
      ...IMAGE[name].map(word => word || `oci:${host.folder}/image:v0`),
    )
  const look = async () => {
    const [shown] = [JSON.parse(await tool('pod', 'inspect', 'demo'))].flat()
    const states = shown.Containers.map(({ Name, State }: { Name: string; State: string }) => [
      Name.replace(/^[0-9a-f]{12}/, 'ID'),
      State,
    ])
    return { state: shown.State, share: shown.SharedNamespaces.toSorted(), containers: states.sort() }
  }
  const inside = (called: string, line: string) => tool('exec', called, 'sh', '-c', line)
  // What failed before is tried once more.
  await tool('pod', 'rm', '-f', 'demo').catch(() => undefined)
  await tool('pod', 'create', '--share', share, ...INFRA[name], '--name', 'demo')
  const created = await look()
  await member('one')
  await member('two')
  const files = await inside('one', 'cat /etc/hosts')
  const hostname = await inside('one', 'cat /proc/sys/kernel/hostname; cat /etc/hostname; echo')
  const seen = await Promise.all(
    ['one', 'two'].map(called => inside(called, `cd /proc/self/ns; for n in ${TYPES.join(' ')}; do readlink $n; done`)),
  )
  const [left, right] = seen.map(text => text.trim().split('\n'))
  const running = await look()
  // While both run: of those that do not, podman has removed some when it refuses, and we none.
  const refused = await tool('pod', 'rm', 'demo').catch(error => String(error.stderr))
  await tool('kill', 'two')
  await eventually(async () => expect((await look()).state).toBe('Degraded'))
  const sandbox = [JSON.parse(await tool('pod', 'inspect', 'demo'))].flat()[0].InfraContainerID
  await tool('kill', sandbox)
  const after = await eventually(async () => {
    const now = await look()
    expect(now.containers.find(([called]: string[]) => called === 'ID-infra')[1]).toBe('exited')
    if (share.includes('pid')) expect(now.state).toBe('Exited')
    // podman says so of one that has ended, until it has cleared up after it.
    expect(now.containers.flat()).not.toContain('stopped')
    return now
  })
  const links = share.includes('pid') ? '' : await inside('one', 'ls /sys/class/net')
  await tool('pod', 'start', 'demo')
  const again = await look()
  await tool('pod', 'rm', '-f', ...(name === 'podman' ? ['-t', '0'] : []), 'demo')
  return {
    ...{ created, running, after, again, links },
    shared: TYPES.filter((_, i) => left![i] === right![i]),
    hostname: hostname.trim(),
    // Both name the pod at its address and every member at 127.0.0.1; what else stands there is the host's.
    hosts: files
      .split('\n')
      .filter(line => /\b(demo|one|two|localhost)\b/.test(line) && !line.startsWith('::1'))
      .map(line => line.replace(/^10\.\S+/, 'ADDRESS').replace(/[0-9a-f]{12}-infra/, 'ID-infra')),
    refused: /running or paused containers cannot be removed without force/.test(refused),
  }
}

it.each(['ipc,net,uts', '+pid'])(
  'a pod of ours is one of podman’s: --share %s',
  async share => {
    const theirs = await story('podman', share)
    const ours = await story('ocilab', share)
    expect(ours).toEqual(theirs)
    expect(ours).toMatchObject({ refused: true, created: { state: 'Created' }, running: { state: 'Running' } })
  },
  120_000,
)
