import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { builtPath } from '../kernel.ts'
import type { Mount, RuntimeConfig } from '../spec/runtimeConfig.ts'
import { testContainers } from './testContainers.ts'
import { testLeft } from './testLeft.ts'

// What other runtimes have been led to do, by images and by those who write in volumes.
const { folder, root, runtime, bundleOf, outputOf, clear, remove } = testContainers('security')
const cli = fileURLToPath(new URL('../cli/ocirun.ts', import.meta.url))
afterEach(clear)
afterAll(remove)

/** A folder of the host, with a file that nobody may touch. */
function volume(name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(join(path, 'untouched'), 'as it was')
  return path
}
const isUntouched = (path: string) => {
  expect(readdirSync(path)).toEqual(['untouched'])
  expect(readFileSync(join(path, 'untouched'), 'utf8')).toBe('as it was')
}
const bind = (source: string, destination: string): Mount => ({ destination, source, options: ['rbind'] })
const without = (config: RuntimeConfig, ...destinations: string[]) => {
  config.mounts = config.mounts!.filter(mount => !destinations.some(gone => mount.destination.startsWith(gone)))
}
function link(rootfs: string, path: string, target: string): void {
  rmSync(join(rootfs, path), { recursive: true, force: true })
  mkdirSync(join(rootfs, path, '..'), { recursive: true })
  symlinkSync(target, join(rootfs, path))
}

describe('an image with a link', () => {
  // runc CVE-2026-41579, crun CVE-2026-47766: nodes were made wherever /dev led.
  it('at /dev, where nothing is mounted, gets no device into a volume', async () => {
    const host = volume('dev')
    const bundle = await bundleOf(['true'], (config, rootfs) => {
      without(config, '/dev')
      config.mounts!.unshift(bind(host, '/volume'))
      link(rootfs, 'dev', '/volume')
    })
    await expect(runtime.run('security-dev', bundle)).rejects.toMatchObject({ data: { errno: 'ELOOP' } })
    isUntouched(host)
    expect(testLeft('security-dev', root)).toEqual([])
  })

  // CVE-2019-19921, CVE-2023-27561, CVE-2023-28642: what LSMs and masks rely on was mounted elsewhere.
  it.each(['proc', 'sys'])('at /%s into a volume gets no file system there', async name => {
    const host = volume(name)
    const bundle = await bundleOf(['true'], (config, rootfs) => {
      config.mounts!.unshift(bind(host, '/volume'))
      link(rootfs, name, '/volume')
    })
    await expect(runtime.run(name, bundle)).rejects.toMatchObject({ data: { errno: 'ELOOP' } })
    isUntouched(host)
  })

  // CVE-2025-31133: a mask that was /dev/null of the image, and so what its link led to.
  it('at /dev/null masks nothing with what that leads to', async () => {
    const bundle = await bundleOf(['cat', '/secret'], (config, rootfs) => {
      without(config, '/dev')
      config.linux!.maskedPaths = ['/secret']
      writeFileSync(join(rootfs, 'secret'), 'secret')
      writeFileSync(join(rootfs, 'other'), 'other')
      link(rootfs, 'dev/null', '/other')
    })
    // The node cannot be made where there is a link: EEXIST.
    await expect(runtime.run('null', bundle)).rejects.toMatchObject({ data: { errno: 'EEXIST' } })
    const masked = await bundleOf(['cat', '/secret'], (config, rootfs) => {
      config.linux!.maskedPaths = ['/secret']
      writeFileSync(join(rootfs, 'secret'), 'secret')
    })
    expect(await outputOf('masked', masked)).toBe('')
  })

  // CVE-2025-52565: the terminal was bound where /dev/console or /dev/pts/N led.
  it.each(['console', 'pts'])('at /dev/%s gets no terminal anywhere else', async name => {
    const host = volume(`terminal-${name}`)
    const bundle = await bundleOf(['true'], (config, rootfs) => {
      without(config, '/dev')
      config.process!.terminal = true
      config.mounts!.unshift(bind(host, '/volume'))
      link(rootfs, `dev/${name}`, name === 'pts' ? '/volume' : '/volume/untouched')
      if (name === 'console') config.mounts!.push({ destination: '/dev/pts', type: 'devpts', options: ['newinstance'] })
    })
    const run = execFileSync('sh', [
      '-c',
      `script -qec '${process.execPath} ${cli} --root ${root} run --bundle ${bundle} terminal 2>&1' /dev/null || true`,
    ])
    expect(run.toString()).toMatch(/ELOOP|EXDEV|ENOENT/)
    isUntouched(host)
  })

  // CVE-2021-30465, CVE-2024-45310: a path that is a link when it is used leads nowhere out, nor is anything made there.
  it.each([
    ['absolute', (host: string) => host],
    ['upwards', (host: string) => `../../../../../../../..${host}`],
  ])('where a volume is to be, %s, stays inside', async (_, target) => {
    const host = volume(`link-${_}`)
    const bundle = await bundleOf(['ls', '/data'], (config, rootfs) => {
      link(rootfs, 'data', target(host))
      mkdirSync(join(rootfs, host), { recursive: true })
      config.mounts!.push({ destination: '/data/inner', type: 'tmpfs', source: 'tmpfs' })
    })
    expect(await outputOf('stays', bundle)).toBe('inner\n')
    isUntouched(host)
    expect(readdirSync(join(bundle, 'rootfs', host))).toEqual(['inner'])
  })

  it('that leads nowhere gets nothing made where it would lead', async () => {
    const host = volume('nowhere')
    const bundle = await bundleOf(['ls', '/data'], (config, rootfs) => {
      link(rootfs, 'data', join(host, 'made'))
      config.mounts!.push({ destination: '/data/inner', type: 'tmpfs', source: 'tmpfs' })
    })
    expect(await outputOf('nowhere', bundle)).toBe('inner\n')
    isUntouched(host)
    expect(readdirSync(join(bundle, 'rootfs', host, 'made'))).toEqual(['inner'])
  })
})

describe('what is written for the container', () => {
  // CVE-2025-52881, CVE-2019-16884: a label, or a kernel parameter, went into a file that looked like /proc's.
  it('goes to the kernel’s own /proc, whatever the image has there', async () => {
    const bundle = await bundleOf(['sleep', '1000'], (config, rootfs) => {
      mkdirSync(join(rootfs, 'fake/ipv4'), { recursive: true })
      writeFileSync(join(rootfs, 'fake/ipv4/ip_forward'), 'fake')
      config.mounts!.push(bind(join(rootfs, 'fake'), '/proc/sys/net'))
      config.linux!.sysctl = { 'net.ipv4.ip_forward': '1' }
      config.linux!.readonlyPaths = []
    })
    const container = await runtime.run('sysctl', bundle)
    const { pid } = await container.state()
    const seen = execFileSync('nsenter', ['--net', '--target', String(pid), 'cat', '/proc/sys/net/ipv4/ip_forward'])
    expect(seen.toString()).toBe('1\n')
    expect(readFileSync(join(bundle, 'rootfs/fake/ipv4/ip_forward'), 'utf8')).toBe('fake')
  })

  it('is refused where the kernel’s /proc has no place for it, whatever the image has there', async () => {
    const bundle = await bundleOf(['true'], (config, rootfs) => {
      without(config, '/proc')
      mkdirSync(join(rootfs, 'proc/self/attr/apparmor'), { recursive: true })
      writeFileSync(join(rootfs, 'proc/self/attr/apparmor/exec'), '')
      writeFileSync(join(rootfs, 'proc/self/attr/exec'), '')
      config.process!.selinuxLabel = 'a:b:c:d'
    })
    await expect(runtime.run('label', bundle)).rejects.toMatchObject({ code: expect.stringMatching(/KERNEL|NOT_PERM/) })
    expect(readFileSync(join(bundle, 'rootfs/proc/self/attr/exec'), 'utf8')).toBe('')
  })
})

// CVE-2019-5736, and the same by a program of the image that is a script of /proc/self/exe.
it('the file that the runtime runs from is not the container’s to write', async () => {
  const before = [builtPath('ocirun-init'), process.execPath].map(hashOf)
  const bundle = await bundleOf(
    ['sh', '-c', 'while :; do for p in /proc/[0-9]*; do echo x > $p/exe; done; done 2>/dev/null'],
    config => {
      config.process!.user = { uid: 0, gid: 0 }
      config.root!.readonly = false
    },
  )
  writeFileSync(join(bundle, 'rootfs/bin/script'), '#!/proc/self/exe\n', { mode: 0o755 })
  const container = await runtime.run('overwrite', bundle)
  for (const program of ['/proc/self/exe', '/bin/script', 'true', '/proc/1/exe', 'true'])
    await container.exec({ args: [program] }).catch(() => {})
  expect((await container.exec({ args: ['echo', 'still here'] })).stdout).toBe('still here\n')
  expect([builtPath('ocirun-init'), process.execPath].map(hashOf)).toEqual(before)
})

// CVE-2024-21626, in the config and in exec; and the programs themselves by such a path.
it('no descriptor of ours leads out: as working directory, or on the way to a program', async () => {
  const container = await runtime.run('descriptors', await bundleOf(['sleep', '1000']))
  for (let fd = 0; fd < 24; fd++) {
    for (const cwd of [`/proc/self/fd/${fd}`, `/proc/self/fd/${fd}/..`])
      await expect(container.exec({ args: ['/bin/pwd'], cwd }), cwd).rejects.toMatchObject({
        message: expect.stringContaining('chdir to cwd'),
      })
    for (const way of ['', '/..', '/../..', '/1/root'])
      await expect(container.exec({ args: [`/proc/self/fd/${fd}${way}/bin/sh`] }), `${fd}${way}`).rejects.toThrow()
  }
})

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
