import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDockerd, type TestDockerd } from '../transport/testDockerd.ts'
import { testBundle, testOcirun } from './testBundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-docker-'))
let daemon: TestDockerd
const run = (...args: string[]) => daemon.docker('run', '--rm', '--runtime', 'ocirun', '--network', 'none', ...args)

beforeAll(async () => {
  daemon = await startDockerd({ runtimes: { ocirun: { path: testOcirun(folder) } } })
  const bundle = await testBundle(['true'])
  const tar = join(folder, 'rootfs.tar')
  execFileSync('tar', ['-C', join(bundle.path, 'rootfs'), '-cf', tar, '.'])
  await daemon.docker('import', tar, 'busybox:test')
  bundle.remove()
})
afterAll(async () => {
  await daemon?.stop()
  rmSync(folder, { recursive: true, force: true })
})

it('docker run: its output, its user, its name, its exit code', async () => {
  const script = 'id -u; cat /proc/sys/kernel/hostname; exit 42'
  const failed = await run('--user', '1000:1000', '--hostname', 'demo', 'busybox:test', 'sh', '-c', script).catch(
    e => e,
  )
  expect(failed).toMatchObject({ code: 42, stdout: '1000\ndemo\n' })
})

it('docker run: a program that is not there is exit code 127', async () => {
  await expect(run('busybox:test', 'nonesuch')).rejects.toMatchObject({
    code: 127,
    stderr: expect.stringContaining('executable file not found in $PATH'),
  })
})

it('docker run -d, exec, stats, pause, update, stop: with limits, a volume, a filter and Docker’s capabilities', async () => {
  const limits = ['--memory', '64m', '--pids-limit', '50', '--volume', `${folder}:/volume:ro`]
  await daemon.docker(
    ...['run', '-d', '--name', 'demo', '--runtime', 'ocirun', '--network', 'none', ...limits],
    ...['busybox:test', 'sleep', '1000'],
  )
  const inside = (script: string) => daemon.docker('exec', 'demo', 'sh', '-c', script)
  expect(await inside('ls /volume; cat /proc/self/status')).toMatch(
    /^ocirun\nrootfs.tar\n(?:.|\n)*CapEff:\t00000000a80425fb\n(?:.|\n)*Seccomp:\t2\n/,
  )
  await expect(inside('exit 9')).rejects.toMatchObject({ code: 9 })
  expect(await daemon.docker('stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDs}}', 'demo')).toMatch(
    /\/ 64MiB 1$/m,
  )
  await daemon.docker('pause', 'demo')
  expect(await daemon.docker('inspect', '--format', '{{.State.Status}}', 'demo')).toBe('paused\n')
  await daemon.docker('unpause', 'demo')
  await daemon.docker('update', '--memory', '80m', '--memory-swap', '80m', 'demo')
  expect(await daemon.docker('stats', '--no-stream', '--format', '{{.MemUsage}}', 'demo')).toContain('/ 80MiB')
  await daemon.docker('stop', '--time', '1', 'demo')
  expect(await daemon.docker('inspect', '--format', '{{.State.ExitCode}}', 'demo')).toBe('137\n')
  await daemon.docker('rm', 'demo')
})
