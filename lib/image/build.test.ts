import { describe, expect, it } from 'vitest'
import { bytesOf, collect } from '../bytes/collect.ts'
import { writeTar } from '../bytes/writeTar.ts'
import { digestOf } from '../spec/digest.ts'
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../spec/mediaTypes.ts'
import { appendLayer, imageFrom, type NewImage, setConfig } from './build.ts'
import { toDocker, toOci } from './convert.ts'
import type { Image } from './image.ts'

const tarOf = (name: string) =>
  collect(writeTar([{ path: Buffer.from(name), type: 'file', body: Buffer.from(name.repeat(100)) }]))

async function base(more: Partial<NewImage> = {}): Promise<Image> {
  const layers = [{ tar: await tarOf('a'), history: { created_by: 'ADD a' } }]
  const created = '2020-05-01T00:00:00Z'
  return imageFrom({ architecture: 'amd64', os: 'linux', created, layers, config: { Cmd: ['/a'] }, ...more })
}

const types = ({ manifest, descriptor }: Image) => [
  descriptor.mediaType,
  manifest.config.mediaType,
  ...manifest.layers.map(layer => layer.mediaType),
]
const contents = (image: Image) => Promise.all(image.layers.map(layer => collect(layer.uncompressed())))

describe('imageFrom', () => {
  it('makes the same image of the same parts', async () => {
    const [one, two] = [await base(), await base()]
    expect(one.descriptor).toEqual(two.descriptor)
    expect(one.layers[0]!.diffId).toBe(digestOf(await tarOf('a')))
    expect(types(one)).toEqual([OCI_MANIFEST, OCI_CONFIG, OCI_LAYER_GZIP])
    expect(one.config.history).toEqual([{ created_by: 'ADD a' }])
  })

  it('stores layers as they are when told to, also from streams', async () => {
    const tar = await tarOf('s')
    const image = await base({
      layers: [{ tar: bytesOf(tar.subarray(0, 100), tar.subarray(100)), compression: 'none' }],
    })
    expect(types(image)).toContain(OCI_LAYER)
    expect(image.layers[0]!.descriptor.digest).toBe(image.layers[0]!.diffId)
  })
})

describe('appendLayer', () => {
  it('adds a layer on top, with a line of history, and leaves the image below alone', async () => {
    const image = await base()
    const history = { created: '2021-01-01T00:00:00Z', created_by: 'ADD b' }
    const grown = await appendLayer(image, { tar: await tarOf('b'), history })
    expect(await contents(grown)).toEqual([await tarOf('a'), await tarOf('b')])
    expect(grown.config.history).toEqual([{ created_by: 'ADD a' }, history])
    expect(grown.config.created).toBe(history.created)
    expect(grown.config.config).toEqual(image.config.config)
    expect(image.layers).toHaveLength(1)
  })

  it('makes up for lines of history that nobody wrote', async () => {
    const { config } = await base({ layers: [] })
    expect(config.history).toBeUndefined()
    const twice = await appendLayer(await appendLayer(await base({ layers: [] }), { tar: await tarOf('a') }), {
      tar: await tarOf('b'),
    })
    expect(twice.config.history).toEqual([{}, {}])
  })

  it('keeps to the kind of the image', async () => {
    const grown = await appendLayer(await base({ flavour: 'docker' }), { tar: await tarOf('b') })
    expect(types(grown)).toEqual([DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER_GZIP, DOCKER_LAYER_GZIP])
  })
})

it('setConfig changes what it is told, and no layer', async () => {
  const image = await base()
  const changed = await setConfig(image, { Env: ['A=1'], Cmd: undefined })
  expect(changed.config.config).toEqual({ Env: ['A=1'] })
  expect(changed.manifest.layers).toEqual(image.manifest.layers)
  expect(await contents(changed)).toEqual(await contents(image))
})

describe('conversion', () => {
  const docker = () => base({ flavour: 'docker', dockerExtras: { container: 'c0ffee', docker_version: '20.10' } })

  it('to OCI keeps layers and drops what only Docker has', async () => {
    const image = await docker()
    const oci = toOci(image)
    expect(types(oci)).toEqual([OCI_MANIFEST, OCI_CONFIG, OCI_LAYER_GZIP])
    expect(Buffer.from(image.raw('config')).toString()).toContain('c0ffee')
    expect(Object.keys(JSON.parse(Buffer.from(oci.raw('config')).toString()))).toEqual([
      'created',
      'architecture',
      'os',
      'config',
      'rootfs',
      'history',
    ])
    expect(oci.manifest.layers[0]!.digest).toBe(image.manifest.layers[0]!.digest)
    expect(await contents(oci)).toEqual(await contents(image))
    expect(digestOf(oci.raw('manifest'))).toBe(oci.descriptor.digest)
    expect(digestOf(oci.raw('config'))).toBe(oci.manifest.config.digest)
  })

  it('to OCI is the same in both ages but for the media type', async () => {
    const image = await docker()
    const text = (profile: '2020' | 'current') => Buffer.from(toOci(image, profile).raw('manifest')).toString()
    expect(text('current').replace(`"mediaType":"${OCI_MANIFEST}",`, '')).toBe(text('2020'))
    expect(text('2020').startsWith('{"schemaVersion":2,"config"')).toBe(true)
  })

  it('there and back gives the same manifest again', async () => {
    const oci = await base()
    const back = toOci(toDocker(oci))
    expect(back.descriptor).toEqual(oci.descriptor)
    expect(types(toDocker(oci))).toEqual([DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER_GZIP])
    expect(toOci(oci)).toBe(oci)
    expect(toDocker(await docker()).descriptor).toEqual((await docker()).descriptor)
  })
})
