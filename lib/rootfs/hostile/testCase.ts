import { readFileSync, readlinkSync } from 'node:fs'
import { collect } from '../../bytes/collect.ts'
import { readTar } from '../../bytes/readTar.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { imageFrom } from '../../image/build.ts'
import { flatten } from '../../image/flatten.ts'
import type { Image } from '../../image/image.ts'
import { type Member, tarInput } from '../testLayers.ts'
import { readTree } from '../testTree.ts'

/** Members in their order, which may name one twice; or the bytes of a tar. */
export type HostileLayer = [path: string, member: Member][] | Buffer

/** What is there in the end, by path, or the code of the error. `/` a folder, `→ x` a symlink, `|` a fifo, `c 1:3` a device. */
export type Expected = Record<string, string> | string

/** One line of a table. */
export type Case = [name: string, layers: HostileLayer[], expected: Expected]

export async function imageOfLayers(layers: HostileLayer[]): Promise<Image> {
  const tars = layers.map(layer => ({
    tar: Array.isArray(layer) ? writeTar(layer.map(([path, member]) => tarInput(path, member))) : layer,
  }))
  return imageFrom({ architecture: 'amd64', os: 'linux', layers: tars })
}

/** A folder in the words of a table. */
export function treeAt(folder: string): Record<string, string> {
  const seen = Object.entries(readTree(folder)).filter(([name]) => name !== '.')
  return Object.fromEntries(
    seen.map(([name, { type, device }]) => {
      const place = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')])
      if (type === 'directory') return [name, '/']
      if (type === 'symlink') return [name, `→ ${readlinkSync(place, 'latin1')}`]
      if (type === 'fifo') return [name, '|']
      if (type === 'file') return [name, readFileSync(place, 'latin1')]
      return [name, `${type[0]} ${Number(device) >> 8}:${Number(device) & 255}`]
    }),
  )
}

/** The same of what `flatten` writes. */
export async function treeOfFlat(image: Image): Promise<Record<string, string>> {
  const tree = new Map<string, string>()
  for await (const entry of readTar(flatten(image), 'flat')) {
    const name = entry.path.toString('latin1').replace(/\/$/, '')
    const link = entry.linkpath?.toString('latin1') ?? ''
    const body = Buffer.from(await collect(entry.body)).toString('latin1')
    if (entry.type === 'directory') tree.set(name, '/')
    else if (entry.type === 'symlink') tree.set(name, `→ ${link}`)
    else if (entry.type === 'hardlink') tree.set(name, tree.get(link)!)
    else if (entry.type === 'fifo') tree.set(name, '|')
    else if (entry.type === 'file') tree.set(name, body)
    else tree.set(name, `${entry.type[0]} ${entry.devmajor}:${entry.devminor}`)
  }
  return Object.fromEntries([...tree].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** In the words of another tool: an error has no code, and every folder on the way is there. */
export function asTheirs(expected: Expected): Expected {
  if (typeof expected === 'string') return 'refused'
  const whole = new Map<string, string>()
  for (const [path, seen] of Object.entries(expected)) {
    const parts = path.split('/')
    for (let at = 1; at < parts.length; at++) {
      const above = parts.slice(0, at).join('/')
      if (!whole.has(above)) whole.set(above, '/')
    }
    whole.set(path, seen)
  }
  return Object.fromEntries(whole)
}
