import { createHash } from 'node:crypto'
import { collect } from '../../../bytes/collect.ts'
import { readTar } from '../../../bytes/readTar.ts'
import type { Image } from '../../../image/image.ts'

/** An image as it is compared: without times, without the names of hashes and containers. */
export interface SeenImage {
  config: Record<string, unknown>
  author: string
  platform: string
  history: string[]
  layers: Record<string, string>[]
}

const FIELDS =
  'User ExposedPorts Env Entrypoint Cmd Volumes WorkingDir Labels StopSignal OnBuild Healthcheck Shell'.split(' ')

/** All of an image that must be the same, whoever built it. */
export async function seen(image: Image, base: Image): Promise<SeenImage> {
  const raw = JSON.parse(Buffer.from(image.raw('config')).toString())
  const history = (raw.history ?? []) as { created_by?: string; empty_layer?: boolean }[]
  const layers: SeenImage['layers'] = []
  for (const layer of image.layers)
    layers.push(
      base.layers.some(it => it.diffId === layer.diffId) ? { base: '' } : await seenLayer(layer.uncompressed()),
    )
  return {
    config: Object.fromEntries(FIELDS.map(name => [name, present(raw.config?.[name])])),
    author: raw.author ?? '',
    platform: `${raw.os}/${raw.architecture}`,
    history: history.map(
      ({ created_by = '', empty_layer }) =>
        // 20.10 forgets the space after --chown=…; its successors do not.
        `${empty_layer ? '(empty) ' : ''}${created_by.replace(/ ?(file|dir|multi):[0-9a-f]{64}/g, ' $1:HASH')}`,
    ),
    layers,
  }
}

/** Absent and empty say the same. */
function present(value: unknown): unknown {
  if (value === null || value === undefined || value === '') return null
  if (typeof value === 'object' && Object.keys(value).length === 0) return null
  return value
}

async function seenLayer(tar: AsyncIterable<Uint8Array>): Promise<Record<string, string>> {
  const members = new Map<string, string>()
  const links = new Map<string, string[]>()
  for await (const { path, type, mode, uid, gid, linkpath, devmajor, devminor, xattrs, body } of readTar(
    tar,
    'layer',
  )) {
    const name = clean(path)
    const content =
      type === 'file'
        ? createHash('sha256')
            .update(await collect(body))
            .digest('hex')
            .slice(0, 16)
        : ''
    if (type === 'hardlink') {
      const target = clean(linkpath!)
      links.set(target, [...(links.get(target) ?? [target]), name])
      continue
    }
    const device = type === 'character' || type === 'block' ? ` ${devmajor}:${devminor}` : ''
    const attributes = [...xattrs].map(([key, value]) => ` ${key}=${value.toString('hex')}`).join('')
    members.set(name, `${type} ${mode.toString(8)} ${uid}:${gid} ${content}${linkpath ?? ''}${device}${attributes}`)
  }
  for (const [target, names] of links)
    for (const name of names) members.set(name, `${members.get(target)} names: ${[...names].sort().join(' ')}`)
  return Object.fromEntries([...members].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function clean(path: Buffer): string {
  return path
    .toString('latin1')
    .replace(/^\.?\//, '')
    .replace(/\/$/, '')
}
