import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openBundle } from '../bundle/bundle.ts'
import { writeSpec } from '../bundle/defaultSpec.ts'

const APPLETS = ['sh', 'sleep', 'ls', 'cat', 'echo', 'ifconfig', 'tty', 'id', 'env', 'true', 'pwd']

/** A rootfs with a static busybox. */
export function testRootfs(path: string): void {
  mkdirSync(join(path, 'bin'), { recursive: true })
  copyFileSync('/bin/busybox', join(path, 'bin/busybox'))
  for (const applet of APPLETS) symlinkSync('busybox', join(path, 'bin', applet))
}

/** A bundle with a static busybox that runs `args`, for tests. */
export async function testBundle(args: string[]): Promise<{ path: string; remove(): void }> {
  const path = mkdtempSync(join(tmpdir(), 'ocilab-bundle-'))
  testRootfs(join(path, 'rootfs'))
  await writeSpec(path)
  await (await openBundle(path)).edit(config => {
    config.process!.args = args
    config.process!.terminal = false
  })
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Our own runtime as a program: what `npm run build` made, as to load it from the sources takes a second each time. */
export function testOcirun(folder: string): string {
  const path = join(folder, 'ocirun')
  const entry = fileURLToPath(new URL('../../dist/ocirun.cjs', import.meta.url))
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`, { mode: 0o755 })
  return path
}

/**
 * A crun that runs here too: crun refuses a machine whose unified hierarchy has controllers beside those of v1, so it
 * is started in a mount namespace of its own where there is no unified hierarchy. And crun 1.8 makes its program's user
 * the owner of its stdin, were it /dev/null, the host's for everybody: it is given an empty file.
 */
export function testCrun(folder: string): string {
  const path = join(folder, 'crun')
  const empty = join(folder, 'empty')
  writeFileSync(empty, '')
  const hide =
    'mount --make-rprivate / && if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi'
  writeFileSync(
    path,
    `#!/bin/sh\n[ ! /dev/stdin -ef /dev/null ] || exec <${empty}\nexec unshare --mount sh -c '${hide}; exec crun "$@"' crun "$@"\n`,
    { mode: 0o755 },
  )
  return path
}
