import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TarInput, TarTime } from '../../bytes/tar.ts'
import { OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import type { Layer } from '../../image/image.ts'
import { readInRoot } from '../../rootfs/readInRoot.ts'
import { runOnce } from '../../runtime/runOnce.ts'
import type { Mount } from '../../spec/runtimeConfig.ts'
import type { BuiltImage } from './imageState.ts'
import { outputLines } from './output.ts'
import { cleanPath } from './patterns.ts'
import { runConfig } from './runConfig.ts'
import { makeRunFolder } from './runFolders.ts'
import { openRunRoot, type RunRoot } from './runRoot.ts'
import { SCRIPTS } from './runWords.ts'
import type { BuildStore } from './store.ts'
import type { MountPoint } from './stubs.ts'

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
  /** How it gets to see the files of the image. */
  readonly snapshots: 'overlay' | 'copy'
  /** The latest time that a file may have. */
  readonly latest: TarTime | undefined
}

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
  const binds = await hostFiles(request, store)
  const points = [
    ...KERNELS.map(path => ({ path, isFolder: true })),
    ...binds.map(({ destination }) => ({ path: destination, isFolder: false })),
    ...request.points,
  ]
  const { id, folder } = await makeRunFolder(runs)
  try {
    const root = await openRunRoot({ folder, below, points, store, options }, request.snapshots)
    try {
      await runIn(root, { id, folder }, below, { ...request, mounts: [...binds, ...request.mounts] }, print, options)
      // What is written into a volume is in no layer.
      const volumes = Object.keys(below.image.config.Volumes ?? {}).map(path => cleanPath(`/${path}`).slice(1))
      const layer = await store.putTar(clamped(root.changes(volumes), request.latest), options)
      if (layer) await root.made(layer)
      return layer
    } finally {
      await root.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runIn(
  { rootfs }: RunRoot,
  { id, folder }: { id: string; folder: string },
  { image }: BuiltImage,
  request: RunRequest,
  print: (line: string) => void,
  options: Options,
): Promise<void> {
  const read = (path: string) => readInRoot(rootfs, path, ACCOUNTS_LIMIT)?.toString() ?? ''
  const accounts = { passwd: read('etc/passwd'), group: read('etc/group') }
  const config = runConfig({ ...request, rootfs, image: image.config, accounts })
  print(` ---> Running in ${shortId(id)}`)
  const output = outputLines(print, LAST_LINES)
  const status = await runOnce(id, folder, config, { ...options, onOutput: output.write })
  output.end()
  if (status !== 0) throw failed(request.args, status, output.last)
  print(`Removing intermediate container ${shortId(id)}`)
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
  const mounts = [
    await bound('/etc/resolv.conf', network === 'host' ? resolver : '', []),
    await bound('/etc/hosts', hosts, []),
    await bound('/etc/hostname', 'build\n', []),
  ]
  for (const [name, text] of Object.entries(scripts))
    mounts.push(await bound(`${SCRIPTS}/${name}`, text, ['ro'], 0o755))
  return mounts
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
