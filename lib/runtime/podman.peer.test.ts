import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { busyboxTar, startPodman } from './testPodman.ts'
import type { TestWorld } from './testWorld.ts'

let world: TestWorld
const podman = (...args: string[]) => world.run('podman', ...args)
const started = ['--network', 'none', '--ulimit', 'host']
async function run(...args: string[]): Promise<{ status: number; said: string }> {
  const id = (await podman('run', '-d', ...started, ...args)).trim()
  const status = Number(await podman('wait', id))
  return { status, said: await podman('logs', id) }
}

beforeAll(async () => {
  world = await startPodman()
  await podman('import', busyboxTar(world.folder), 'busybox:test')
}, 120_000)
afterAll(() => world.stop())

/** A command line, where words need no quotes. */
const words = (text: string) => text.split(' ')

describe('podman, with our runtime', () => {
  it('run: output, user, name and exit code', async () => {
    const script = 'id -u; cat /proc/sys/kernel/hostname; exit 42'
    const asked = words('--user 1000:1000 --hostname demo busybox:test sh -c')
    expect(await run(...asked, script)).toEqual({ status: 42, said: '1000\ndemo\n' })
    await expect(run('busybox:test', 'nonesuch')).rejects.toMatchObject({ code: 127 })
  })

  it('run: a volume, a tmpfs, a read-only root, capabilities, an init and a terminal', async () => {
    const volume = join(world.folder, 'volume')
    mkdirSync(volume)
    writeFileSync(join(volume, 'file'), 'of the host\n')
    const script = [
      ...['cat /v/file', 'echo > /v/x || echo no', 'echo > /x || echo no', 'echo ok > /t/x && cat /t/x', 'tty'],
      ...['cat /proc/self/status', 'cat /proc/1/comm'],
    ].join('; ')
    const more = words('--tmpfs /t:size=1m --read-only --cap-drop all --cap-add kill --init --tty')
    const { said } = await run(
      '--volume',
      `${volume}:/v:ro`,
      ...more,
      'busybox:test',
      'sh',
      '-c',
      `(${script}) 2>/t/err`,
    )
    expect(said.replaceAll('\r', '')).toMatch(
      /^of the host\nno\nno\nok\n\/dev\/pts\/0\n(?:.|\n)*CapEff:\t0000000000000020\n(?:.|\n)*-init\n$/,
    )
    expect(readdirSync(volume)).toEqual(['file'])
  })

  it('run -d with limits, exec, top, stats, pause, logs, restart, kill, stop', async () => {
    const asked = [...started, ...words('--memory 64m --pids-limit 50 --cpus 0.5 busybox:test sh -c')]
    await podman('run', '-d', '--name', 'demo', ...asked, 'echo hello; exec sleep 1000')
    await expect(podman('exec', 'demo', 'sh', '-c', 'id -u; exit 9')).rejects.toMatchObject({ code: 9, stdout: '0\n' })
    expect(await podman('top', 'demo', 'args')).toContain('sleep 1000')
    expect(await podman('stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDs}}', 'demo')).toMatch(
      /\/ 67\.11MB 1$/m,
    )
    await podman('pause', 'demo')
    expect(await podman('inspect', '--format', '{{.State.Status}}', 'demo')).toBe('paused\n')
    await expect(podman('exec', 'demo', 'true')).rejects.toMatchObject({
      stderr: expect.stringContaining('only create exec sessions on running containers'),
    })
    await podman('unpause', 'demo')
    expect(await podman('logs', 'demo')).toBe('hello\n')
    await podman('restart', '--time', '0', 'demo')
    await podman('kill', 'demo')
    await podman('wait', 'demo')
    expect(await podman('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'demo')).toBe('exited 137\n')
    await podman('start', 'demo')
    await podman('stop', '--time', '0', 'demo')
    await podman('rm', 'demo')
  })

  it('a user namespace of its own', async () => {
    const asked = words('--uidmap 0:100000:1000 --gidmap 0:200000:1000 busybox:test cat /proc/self/uid_map')
    expect((await run(...asked)).said).toMatch(/^ +0 +100000 +1000\n$/)
  })

  it('a pod: its containers share their namespaces', async () => {
    const infra = ['--infra-image', 'busybox:test', '--infra-command', 'sleep 1000']
    await podman('pod', 'create', ...words('--name pod --hostname shared --network none'), ...infra)
    await podman('run', '-d', ...words('--pod pod --ulimit host --name one busybox:test sleep 1000'))
    expect(await podman('exec', 'one', 'cat', '/proc/sys/kernel/hostname')).toBe('shared\n')
    await podman('rm', '--force', '--time', '0', 'one')
  })
})

describe('buildah, with our runtime', () => {
  it('run, and RUN of a Containerfile', async () => {
    const context = join(world.folder, 'context')
    mkdirSync(context)
    chmodSync(world.folder, 0o755)
    writeFileSync(
      join(context, 'Containerfile'),
      'FROM localhost/busybox:test\nRUN echo built > /built\nCMD ["cat", "/built"]\n',
    )
    await world.run(
      'buildah',
      'bud',
      '--network',
      'none',
      '--ulimit',
      'nofile=1024:1024',
      '--tag',
      'built:test',
      context,
    )
    expect((await run('localhost/built:test')).said).toBe('built\n')
    const container = (await world.run('buildah', 'from', 'localhost/built:test')).trim()
    expect(await world.run('buildah', 'run', '--network', 'none', container, 'cat', '/built')).toBe('built\n')
    await world.run('buildah', 'rm', container)
  })
})
