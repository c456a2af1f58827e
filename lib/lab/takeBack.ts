import { existsSync, realpathSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { OciError } from '../errors.ts'
import type { Undo } from '../events.ts'
import { deleteRemembered } from '../network/cni/chain.ts'
import * as network from '../network/undo.ts'
import { deleteContainer } from '../runtime/container/end.ts'
import { runTool } from './tool.ts'

/** `link runc0`, `netns /run/netns/…`, `mount …`, `container …`, `folder …` */
export function showUndo(undo: Undo): string {
  switch (undo.kind) {
    case 'link':
      return `link ${undo.name}${inside(undo.netns)}`
    case 'nft':
      return `nftables table ${undo.table}${inside(undo.netns)}`
    case 'sysctl':
      return `sysctl ${undo.key} (was ${undo.value})${inside(undo.netns)}`
    case 'forward':
      return `rules for ${undo.bridge} in DOCKER-USER${inside(undo.netns)}`
    case 'container':
      return `container ${undo.id} of ${basename(undo.runtime)}`
    case 'directory':
      return `folder ${undo.path}`
    case 'cni':
      return `CNI attachment ${basename(undo.file)}`
    default:
      return `${undo.kind} ${undo.path}`
  }
}

function inside(netns: string | undefined): string {
  return netns === undefined ? '' : ` in ${netns}`
}

/** True while there is something to take back. */
export async function isThere(undo: Undo): Promise<boolean> {
  if (undo.kind === 'directory') return existsSync(undo.path)
  if (undo.kind === 'cni') return existsSync(undo.file)
  if (undo.kind === 'container') return existsSync(stateFolder(undo))
  return network.isThere(undo)
}

/** Takes a change of the host back; one that is gone already is fine. */
export async function takeBack(undo: Undo): Promise<void> {
  if (undo.kind === 'directory') return removeFolder(undo.path)
  if (undo.kind === 'cni') return deleteRemembered(undo.file, undo.path)
  if (undo.kind !== 'container') return network.takeBack(undo)
  if (!existsSync(stateFolder(undo))) return
  if (undo.runtime === 'ocirun') return deleteContainer(undo.root ?? '/run/ocirun', undo.id, { force: true })
  const root = undo.root === undefined ? [] : ['--root', undo.root]
  await runTool(undo.runtime, [...root, 'delete', '--force', undo.id])
}

// runc and crun keep a folder for each container below their root, which for root is /run/NAME.
function stateFolder({ id, runtime, root }: Extract<Undo, { kind: 'container' }>): string {
  return join(root ?? join('/run', basename(runtime)), id)
}

async function removeFolder(path: string): Promise<void> {
  const parts = path.split('/').filter(part => part !== '' && part !== '.')
  if (!path.startsWith('/') || parts.length < 2 || parts.includes('..'))
    throw new OciError(
      'ARGUMENT_INVALID',
      `${path}: not a folder a lab makes (want an absolute path with two parts or more)`,
      { got: path },
    )
  if (!existsSync(path)) return
  const real = realpathSync(path)
  // What is mounted below belongs to somebody else: it is unplugged, not emptied.
  const mounted = network.mountPoints().filter(mount => mount === real || mount.startsWith(`${real}/`))
  for (const mount of mounted.toReversed()) await network.takeBack({ kind: 'mount', path: mount })
  rmSync(path, { recursive: true, force: true })
}
