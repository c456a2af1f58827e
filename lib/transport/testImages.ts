import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { collect } from '../bytes/collect.ts'
import { writeTar } from '../bytes/writeTar.ts'
import { imageFrom } from '../image/build.ts'
import type { Image } from '../image/image.ts'
import { heldImage } from './held.ts'
import type { Transport } from './transport.ts'

/** A temporary folder for one test file; gone afterwards. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A tar with one file. */
export function tarWith(name: string, content: string): Promise<Uint8Array> {
  return collect(writeTar([{ path: Buffer.from(name), type: 'file', body: Buffer.from(content) }]))
}

/** A small image: each text is a layer with a file of that name and content. */
export async function testImage(
  texts: readonly string[] = ['lower', 'upper'],
  flavour: 'oci' | 'docker' = 'oci',
): Promise<Image> {
  const layers = await Promise.all(
    texts.map(async text => ({ tar: await tarWith(text, text.repeat(1000)), history: { created_by: text } })),
  )
  const config = {
    User: '1000',
    ExposedPorts: { '8000/tcp': {}, '53/udp': {} },
    Env: ['A=b'],
    Cmd: ['/bin/sh', '-c', 'true && true'],
    Volumes: { '/z': {}, '/a': {} },
    WorkingDir: '/',
    Labels: { z: '1', a: '<2>' },
    StopSignal: 'SIGINT',
  }
  return imageFrom({ architecture: 'amd64', os: 'linux', created: '2020-05-01T10:20:30.5Z', config, layers, flavour })
}

/** The same as a place to copy from. */
export async function testSource(texts?: readonly string[], flavour?: 'oci' | 'docker'): Promise<Transport> {
  return heldImage(await testImage(texts, flavour), 'memory')
}

/** All that is in a folder, for seeing that nothing was left. */
export function tree(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
}
