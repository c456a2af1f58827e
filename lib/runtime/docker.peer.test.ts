import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDockerd, type TestDockerd } from '../transport/testDockerd.ts'
import { testBundle, testOcirun } from './testBundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-docker-'))
let daemon: TestDockerd
const run = (...args: string[]) => daemon.docker('run', '--rm', '--runtime', 'ocirun', '--network', 'none', ...args)

beforeAll(async () => {
  daemon = await startDockerd({ runtimes: { ocirun: { path: testOcirun(folder) } } }, { bridge: true })
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

/** A command line, where words need no quotes. */
const words = (text: string) => text.split(' ')
/** As typed at a terminal; script(1) lends one. */
const typed = (line: string) =>
  promisify(execFile)('script', ['-qec', `docker -H unix://${daemon.socket} ${line}`, '/dev/null'], { timeout: 60_000 })

it('docker run -it and exec -it: terminals', async () => {
  const own = '--runtime ocirun --network none'
  await expect(typed(`run --rm -it ${own} busybox:test sh -c 'tty; exit 4'`)).rejects.toMatchObject({
    code: 4,
    stdout: expect.stringMatching(/^\/dev\/pts\/0\r*\n$/),
  })
  await daemon.docker('run', '-dit', '--name', 'terminal', ...words(own), 'busybox:test', 'sh')
  await expect(typed("exec -it terminal sh -c 'tty; exit 5'")).rejects.toMatchObject({
    code: 5,
    stdout: expect.stringMatching(/^\/dev\/pts\/1\r*\n$/),
  })
  await daemon.docker('rm', '--force', 'terminal')
})

it('docker run with a read-only root, a tmpfs, an init, capabilities, or all privileges', async () => {
  const script = 'echo > /x || echo no; echo ok > /t/x && cat /t/x; cat /proc/1/comm; cat /proc/self/status'
  const said = await run(
    ...words('--read-only --tmpfs /t:size=1m --init --cap-drop all --cap-add net_admin busybox:test sh -c'),
    `(${script}) 2>/dev/null`,
  )
  expect(said).toMatch(/^no\nok\n(?:docker-init|tini)\n(?:.|\n)*CapEff:\t0000000000001000\n/)
  // All that this machine itself has, of those that every version of Docker knows.
  const known = 2n ** 38n - 1n
  const capabilities = (status: string) => BigInt(`0x${/^CapPrm:\t(\w+)$/m.exec(status)?.[1]}`) & known
  const privileged = await run(...words('--privileged busybox:test cat /proc/self/status'))
  expect(capabilities(privileged)).toBe(capabilities(readFileSync('/proc/self/status', 'utf8')))
  expect(privileged).toContain('Seccomp:\t0\n')
})

it('docker run on the bridge, with a limit of CPU', async () => {
  const script = 'ifconfig eth0; cat /sys/fs/cgroup/cpu*/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max'
  const said = await daemon.docker(
    ...words('run --rm --runtime ocirun --network bridge --cpus 0.5 busybox:test sh -c'),
    `(${script}) 2>/dev/null; true`,
  )
  expect(said).toMatch(/inet addr:172\.\d+\.\d+\.\d+ /)
  expect(said).toMatch(/^50000( 100000)?$/m)
})

it('docker top, logs, restart, kill and rm', async () => {
  const asked = words('run -d --name again --runtime ocirun --network none busybox:test sh -c')
  await daemon.docker(...asked, 'echo hello; exec sleep 1000')
  expect(await daemon.docker('top', 'again')).toContain('sleep 1000')
  expect(await daemon.docker('logs', 'again')).toBe('hello\n')
  await daemon.docker('restart', '--time', '0', 'again')
  await expect.poll(() => daemon.docker('logs', 'again'), { timeout: 30_000 }).toBe('hello\nhello\n')
  await daemon.docker('kill', '--signal', 'KILL', 'again')
  expect(await daemon.docker('wait', 'again')).toBe('137\n')
  await daemon.docker('start', 'again')
  await expect(daemon.docker('rm', 'again')).rejects.toMatchObject({
    stderr: expect.stringContaining('running container'),
  })
  await daemon.docker('rm', '--force', 'again')
})
