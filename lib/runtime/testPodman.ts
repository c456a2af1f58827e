import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testOcirun, testRootfs } from './testBundle.ts'
import { startWorld, type TestWorld } from './testWorld.ts'

/** podman and buildah with all their folders in such a world, and our own runtime to run containers with. */
export async function startPodman(): Promise<TestWorld> {
  const home = mkdtempSync(join(tmpdir(), 'ocilab-podman-'))
  const at = (name: string) => join(home, name)
  for (const name of ['tmp', 'run']) mkdirSync(at(name))
  const ocirun = testOcirun(home)
  writeFileSync(
    at('containers.conf'),
    [
      '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "ocirun"',
      // Where podman would have them below its root: the podman that its helper starts knows only that root.
      `static_dir = "${at('root/libpod')}"\nvolume_path = "${at('root/volumes')}"\ntmp_dir = "${at('tmp')}"`,
      `[engine.runtimes]\nocirun = ["${ocirun}"]`,
      // To raise a limit takes CAP_SYS_RESOURCE, which a machine in a machine need not have.
      '[containers]\ndefault_ulimits = []\n',
    ].join('\n'),
  )
  // Works on any file system, overlay on overlay included.
  writeFileSync(
    at('storage.conf'),
    `[storage]\ndriver = "vfs"\nrunroot = "${at('runroot')}"\ngraphroot = "${at('root')}"\n`,
  )
  const env = {
    ...{ CONTAINERS_CONF: at('containers.conf'), CONTAINERS_STORAGE_CONF: at('storage.conf') },
    ...{ XDG_RUNTIME_DIR: at('run'), BUILDAH_ISOLATION: 'oci', BUILDAH_RUNTIME: ocirun },
  }
  const world = await startWorld(['/etc/cni', '/var/lib/cni', '/var/lib/containers', '/etc/containers'], env)
  await world.run(
    'sh',
    '-c',
    `mkdir -p /etc/containers && echo '{"default":[{"type":"insecureAcceptAnything"}]}' > /etc/containers/policy.json`,
  )
  return {
    ...world,
    async stop() {
      for (const rm of ['pod rm --all --force', 'rm --all --force --time 0'])
        await world.run('podman', ...rm.split(' ')).catch(() => {})
      await world.stop()
      dropCgroups('libpod_parent')
      rmSync(home, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

/** A tar of a busybox with the folders that podman mounts on, to be imported. */
export function busyboxTar(folder: string): string {
  const rootfs = join(folder, 'rootfs')
  const tar = join(folder, 'rootfs.tar')
  testRootfs(rootfs)
  for (const name of ['etc', 'tmp', 'proc', 'sys', 'dev']) mkdirSync(join(rootfs, name))
  execFileSync('tar', ['-C', rootfs, '-cf', tar, '.'])
  return tar
}

/**
 * podman leaves the cgroup above those of its containers; where a machine lacks a controller, it makes folders for it all
 * the same. Another podman, of another test, may have its containers in it: then it stays.
 */
function dropCgroups(name: string): void {
  for (const tree of readdirSync('/sys/fs/cgroup', { withFileTypes: true }).filter(entry => entry.isDirectory())) {
    const folder = join('/sys/fs/cgroup', tree.name)
    const own = join(folder, name)
    if (!existsSync(own)) continue
    spawnSync('rmdir', [join(own, 'conmon'), own])
    if (!existsSync(join(folder, 'cgroup.procs'))) spawnSync('rmdir', [folder])
  }
}
