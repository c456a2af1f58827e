import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TarInput, TarTime } from '../../bytes/tar.ts'
import { OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import type { Layer } from '../../image/image.ts'
import { folderDiff, overlayDiff } from '../../rootfs/diff.ts'
import { LowerFolders } from '../../rootfs/lowerFolders.ts'
import { readInRoot } from '../../rootfs/readInRoot.ts'
import { Snapshots } from '../../rootfs/snapshots.ts'
import { runOnce } from '../../runtime/runOnce.ts'
import type { Mount } from '../../spec/runtimeConfig.ts'
import type { BuiltImage } from './imageState.ts'
import { outputLines } from './output.ts'
import { cleanPath } from './patterns.ts'
import { runConfig } from './runConfig.ts'
import { openRunFolders, sweepRunFolders } from './runFolders.ts'
import type { BuildStore } from './store.ts'
import { type MountPoint, makeStubs } from './stubs.ts'

const ACCOUNTS_LIMIT = 1 << 20
const LAST_LINES = 10
const HOSTS = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n'

/** One RUN, with all that its command line and its flags say. */
export interface RunRequest {
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly network: 'none' | 'host'
  readonly mounts: readonly Mount[]
  /** What `mounts` need to be there. */
  readonly points: readonly MountPoint[]
  /** Files the container finds in a folder of its own, by name. */
  readonly scripts: Readonly<Record<string, string>>
  /** The latest time that a file may have. */
  readonly latest: TarTime | undefined
}

/** Where a script of RUN's is found. */
export const SCRIPTS = '/dev/pipes'

const KERNELS = ['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue', '/sys']

/**
 * Runs a command in a container on top of an image, and makes a layer of what it wrote; nothing when it wrote nothing.
 * Throws `COMMAND_FAILED` with its exit code when it fails, `NOT_PERMITTED` without root.
 */
export async function runLayer(
  below: BuiltImage,
  request: RunRequest,
  { store, print, ...options }: Options & { store: BuildStore; print(line: string): void },
): Promise<Layer | undefined> {
  if (process.getuid?.() !== 0)
    throw new OciError('NOT_PERMITTED', `RUN ${request.args.join(' ')}: needs root, for its container and its overlay`)
  const runs = join(store.folder, 'run')
  await sweepRunFolders(runs)
  const snapshots = new Snapshots(join(store.folder, 's'))
  const image = new LowerFolders(await snapshots.lower(below.layers, below.ground, options))
  const stubs = await store.blobs.staging.file()
  await mkdir(stubs, { mode: 0o755 })
  const binds = await hostFiles(request, store)
  const isFolder = (mount: Mount) => !binds.includes(mount)
  const all = [
    ...KERNELS.map(path => ({ path, isFolder: true })),
    ...binds.map(it => ({ path: it.destination, isFolder: isFolder(it) })),
    ...request.points,
  ]
  makeStubs(stubs, all, image)
  const lower = new LowerFolders([stubs, ...image.folders])
  const folders = await openRunFolders(runs, lower.folders, options)
  try {
    const read = (path: string) => readInRoot(folders.rootfs, path, ACCOUNTS_LIMIT)?.toString() ?? ''
    const accounts = { passwd: read('etc/passwd'), group: read('etc/group') }
    const mounts = [...binds, ...request.mounts]
    const config = runConfig({ ...request, image: below.image.config, accounts, mounts })
    print(` ---> Running in ${shortId(folders.id)}`)
    const output = outputLines(print, LAST_LINES)
    const status = await runOnce(folders.id, folders.folder, config, { ...options, onOutput: output.write })
    output.end()
    if (status !== 0) throw failed(request.args, status, output.last)
    print(`Removing intermediate container ${shortId(folders.id)}`)
    // What is written into a volume is in no layer.
    const volumes = Object.keys(below.image.config.Volumes ?? {}).map(path => cleanPath(`/${path}`).slice(1))
    const { upper, rootfs } = folders
    const members = upper ? overlayDiff(upper, lower, volumes) : folderDiff(rootfs, lower, volumes)
    const layer = await store.putTar(clamped(members, request.latest))
    await folders.unmount()
    // The next RUN needs this layer as a folder: here it is.
    if (layer && folders.upper) await snapshots.adopt(folders.upper, layer)
    return layer
  } finally {
    await folders.close()
    lower.close()
    image.close()
  }
}

/** The files that every container gets from its host, and scripts. */
async function hostFiles({ network, scripts }: RunRequest, store: BuildStore): Promise<Mount[]> {
  const bound = async (destination: string, text: string, options: string[], mode = 0o644): Promise<Mount> => {
    const source = await store.blobs.staging.file()
    await writeFile(source, text, { mode })
    return { destination, type: 'bind', source, options: ['bind', ...options] }
  }
  const resolver = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
  const hosts = network === 'host' ? await readFile('/etc/hosts', 'utf8').catch(() => HOSTS) : HOSTS
  const scriptFiles = Object.entries(scripts).map(([name, text]) => bound(`${SCRIPTS}/${name}`, text, ['ro'], 0o755))
  return [
    await bound('/etc/resolv.conf', network === 'host' ? resolver : '', []),
    await bound('/etc/hosts', hosts, []),
    await bound('/etc/hostname', 'build\n', []),
    ...(await Promise.all(scriptFiles)),
  ]
}

function* clamped(members: Iterable<TarInput>, latest: TarTime | undefined): Iterable<TarInput> {
  for (const member of members)
    yield latest && member.mtime && member.mtime.seconds >= latest.seconds ? { ...member, mtime: latest } : member
}

function failed(args: readonly string[], status: number, last: readonly string[]): OciError {
  const said = last.length > 0 ? `; it said: ${last.join(' | ')}` : ''
  return new OciError('COMMAND_FAILED', `The command '${args.join(' ')}' returned a non-zero code: ${status}${said}`, {
    want: 0,
    got: status,
    output: last,
  })
}

function shortId(id: string): string {
  return id.replace(/[^0-9a-f]/g, '').slice(-12)
}
