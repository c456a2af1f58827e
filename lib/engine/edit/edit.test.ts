import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { collect } from '../../bytes/collect.ts'
import { imageFrom } from '../../image/build.ts'
import type { Image } from '../../image/image.ts'
import { memoryBlobs } from '../../image/memory.ts'
import { digestOf } from '../../spec/digest.ts'
import { DOCKER_LAYER_GZIP, OCI_LAYER_GZIP } from '../../spec/mediaTypes.ts'
import { tarWith, testFolder } from '../../transport/testImages.ts'
import { editImage, rebase } from './edit.ts'
import { layerOf, layerOfFile } from './newLayer.ts'

const folder = testFolder()

async function image(names: string[], flavour: 'oci' | 'docker' = 'oci'): Promise<Image> {
  const layers = await Promise.all(
    names.map(async name => ({ tar: await tarWith(name, name), history: { created_by: name } })),
  )
  const config = { Env: ['A=1'], Cmd: ['x'] }
  const dockerExtras = { config: { Healthcheck: { Test: ['NONE'] }, OnBuild: ['RUN x'], Shell: ['/bin/ash'] } }
  const emptyHistory = [{ created_by: 'CMD' }]
  return imageFrom({ architecture: 'amd64', os: 'linux', config, layers, emptyHistory, flavour, dockerExtras })
}

const raw = (it: Image) => JSON.parse(Buffer.from(it.raw('config')).toString())
const contents = (it: Image) => Promise.all(it.layers.map(async layer => digestOf(await collect(layer.uncompressed()))))
const tars = (names: string[]) => Promise.all(names.map(async name => digestOf(await tarWith(name, name))))

describe('editImage', () => {
  it('changes what it is told and keeps the rest, also what only Docker knows', async () => {
    const before = await image(['a', 'b'], 'docker')
    const after = await editImage(
      before,
      { config: { User: '7', Cmd: undefined }, annotations: { n: '1' } },
      memoryBlobs(),
    )
    expect(raw(after).config).toEqual({ ...raw(before).config, User: '7', Cmd: undefined })
    expect(raw(after).config).toMatchObject({
      Healthcheck: { Test: ['NONE'] },
      OnBuild: ['RUN x'],
      Shell: ['/bin/ash'],
    })
    expect(after.manifest).toMatchObject({ mediaType: before.manifest.mediaType, annotations: { n: '1' } })
    expect(after.manifest.layers).toEqual(before.manifest.layers)
    expect(await contents(after)).toEqual(await tars(['a', 'b']))
  })

  it('gives a new layer the name of the image’s kind', async () => {
    for (const [flavour, want] of [
      ['oci', OCI_LAYER_GZIP],
      ['docker', DOCKER_LAYER_GZIP],
    ] as const) {
      const before = await image(['a'], flavour)
      const blobs = memoryBlobs()
      writeFileSync(`${folder}/n.tar`, await tarWith('n', 'n'))
      const layers = [...before.layers, await layerOfFile(`${folder}/n.tar`, blobs)]
      const after = await editImage(before, { layers, history: [{}, {}] }, blobs)
      expect(after.manifest.layers.map(it => it.mediaType)).toEqual([want, want])
      expect(await contents(after)).toEqual(await tars(['a', 'n']))
    }
  })
})

describe('layerOfFile', () => {
  it.each([
    ['plain', (tar: Uint8Array) => tar, 'gzip'],
    ['gzip', gzipSync, 'as it is'],
    ['zstd', zstdCompressSync, 'as it is'],
  ] as const)('takes a tar that is %s', async (_name, pack, want) => {
    const tar = await tarWith('x', 'x'.repeat(1000))
    const bytes = pack(tar)
    writeFileSync(`${folder}/layer`, bytes)
    const layer = await layerOfFile(`${folder}/layer`, memoryBlobs())
    expect(layer.diffId).toBe(digestOf(tar))
    expect(await collect(layer.uncompressed())).toEqual(tar)
    if (want === 'as it is') expect(layer.descriptor.digest).toBe(digestOf(bytes))
    else expect(layer.descriptor.mediaType).toBe(OCI_LAYER_GZIP)
  })

  it('refuses what is no tar', async () => {
    writeFileSync(`${folder}/text`, 'no tar at all, but more than a few bytes of text')
    await expect(layerOfFile(`${folder}/text`, memoryBlobs())).rejects.toMatchObject({ code: 'TAR_INVALID' })
  })
})

describe('rebase', () => {
  it('exchanges the layers below, and their history', async () => {
    const [old, fresh] = [await image(['os1', 'jdk1']), await image(['os2'])]
    const app = await image(['os1', 'jdk1', 'app'])
    const history = [...(old.config.history ?? []), { created_by: 'app' }]
    const built = await editImage(app, { history }, memoryBlobs())
    const after = await rebase(built, old, fresh, memoryBlobs())
    expect(await contents(after)).toEqual(await tars(['os2', 'app']))
    expect(after.config.history?.map(line => line.created_by)).toEqual(['os2', 'CMD', 'app'])
    expect(after.config.config).toEqual(app.config.config)
  })

  it.each([[['other', 'jdk1']], [['os1', 'jdk1', 'app', 'more']]])(
    'refuses an image that is not on %j',
    async names => {
      const failure = rebase(await image(['os1', 'jdk1', 'app']), await image(names), await image(['x']), memoryBlobs())
      await expect(failure).rejects.toMatchObject({
        code: 'ARGUMENT_INVALID',
        message: expect.stringContaining('not on the old base'),
      })
    },
  )
})

it('layerOf gives the same bytes for the same tar', async () => {
  const tar = async () =>
    layerOf(
      (async function* () {
        yield await tarWith('a', 'b')
      })(),
      memoryBlobs(),
    )
  expect((await tar()).descriptor).toEqual((await tar()).descriptor)
  expect(execFileSync('gzip', ['-dc'], { input: await collect((await tar()).compressed()) })).toEqual(
    Buffer.from(await tarWith('a', 'b')),
  )
})
