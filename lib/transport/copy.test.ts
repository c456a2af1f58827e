import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LabEvent } from '../events.ts'
import type { Image } from '../image/image.ts'
import { DOCKER_LAYER, DOCKER_MANIFEST, OCI_LAYER_GZIP, OCI_MANIFEST } from '../spec/mediaTypes.ts'
import { copy } from './copy.ts'
import { copyCommand } from './copyCommand.ts'
import { heldImage } from './held.ts'
import { inParallel } from './inParallel.ts'
import { testFolder, testImage, testSource, tree } from './testImages.ts'

const folder = testFolder()

describe('copy', () => {
  it('says what it does, tells of every blob, and skips what is there', async () => {
    const events: LabEvent[] = []
    const onEvent = (event: LabEvent) => void events.push(event)
    const to = `oci:${join(folder, 'events')}:v0`
    expect(await copy(await testSource(), to, { onEvent })).toMatchObject({ copied: 3, skipped: 0 })
    expect(events[0]).toEqual({ type: 'command', line: `skopeo copy memory ${to}` })
    const states = () =>
      events.flatMap(event => (event.type === 'blob' ? [`${event.blob.kind} ${event.state}`] : [])).sort()
    expect(states()).toEqual([
      'config done',
      'config started',
      ...Array(2).fill('layer done'),
      ...Array(2).fill('layer started'),
    ])
    events.length = 0
    expect(await copy(await testSource(), to, { onEvent })).toMatchObject({ copied: 0, skipped: 3 })
    expect(states()).toEqual(['config skipped', 'layer skipped', 'layer skipped'])
  })

  it('makes an OCI image of a Docker image on the way into a layout, and only there', async () => {
    const source = await testSource(undefined, 'docker')
    const { manifest, config } = await copy(source, `oci:${folder}/converted:v0`)
    const json = JSON.parse(readFileSync(join(folder, 'converted/blobs/sha256', manifest.digest.slice(7)), 'utf8'))
    expect(json.layers.map((layer: { mediaType: string }) => layer.mediaType)).toEqual([OCI_LAYER_GZIP, OCI_LAYER_GZIP])
    expect(manifest.mediaType).toBe(OCI_MANIFEST)
    expect(json.config).toEqual(config)
    expect((await copy(source, `dir:${folder}/kept`)).manifest.mediaType).toBe(DOCKER_MANIFEST)
  })

  it('leaves the mediaType out of a converted manifest in the profile of 2020', async () => {
    const source = await testSource(undefined, 'docker')
    const [old, now] = [
      await copy(source, `oci:${folder}/p:old`, { profile: '2020' }),
      await copy(source, `oci:${folder}/p:now`),
    ]
    expect(now.manifest.size - old.manifest.size).toBe(`"mediaType":"${OCI_MANIFEST}",`.length)
    expect(now.config).toEqual(old.config)
  })

  it('unpacks layers for a docker archive and compresses them again for a layout', async () => {
    const image = await testImage()
    const there = await copy(heldImage(image, 'memory'), `docker-archive:${folder}/round.tar:demo:v0`)
    expect(there.manifest.mediaType).toBe(DOCKER_MANIFEST)
    const back = await copy(`docker-archive:${folder}/round.tar`, `oci:${folder}/round:v0`)
    // Our own compression gives our own bytes again, so even the manifest is the same.
    expect(back.manifest.digest).toBe(image.descriptor.digest)
    expect(back.config).toEqual(image.manifest.config)
    expect(DOCKER_LAYER).toMatch(/tar$/)
  })

  it('moves a layer that is there twice once', async () => {
    expect(await copy(await testSource(['same', 'same', 'same']), `oci:${folder}/same:v0`)).toMatchObject({ copied: 2 })
  })

  it('leaves nothing of an image whose layer is broken, in no kind of place', async () => {
    const image = withBrokenLayer(await testImage())
    for (const place of ['oci:F/x:v0', 'oci-archive:F/x.tar:v0', 'docker-archive:F/y.tar:demo:v0']) {
      const at = join(folder, 'broken')
      mkdirSync(at, { recursive: true })
      await expect(copy(heldImage(image, 'memory'), place.replace('F', at))).rejects.toThrow('the cable is cut')
      const left = tree(at).filter(path => !/^x(\/blobs(\/sha256(\/[0-9a-f]{64})?)?)?$/.test(path))
      expect(left).toEqual([])
    }
  })

  it('stops when it is told to, leaving nothing', async () => {
    const controller = new AbortController()
    const onEvent = (event: LabEvent) => void (event.type === 'blob' && controller.abort(new Error('enough')))
    const at = join(folder, 'stopped')
    await expect(
      copy(await testSource(), `oci-archive:${at}.tar:v0`, { onEvent, signal: controller.signal }),
    ).rejects.toThrow('enough')
    expect(tree(folder).filter(path => path.startsWith('stopped') || path.includes('.ocilab'))).toEqual([])
    await expect(
      copy(await testSource(), `oci:${at}:v0`, { signal: AbortSignal.abort(new Error('never')) }),
    ).rejects.toThrow('never')
  })

  it('gives a disk that says no as one line with the place', async () => {
    await expect(copy(await testSource(), 'oci:/proc/nope:v0')).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('oci:/proc/nope:v0'),
    })
  })
})

function withBrokenLayer(image: Image): Image {
  async function* broken() {
    yield new Uint8Array(10)
    throw new Error('the cable is cut')
  }
  const [first, ...rest] = image.layers
  return { ...image, layers: [{ ...first!, compressed: broken, uncompressed: broken }, ...rest] }
}

describe('copyCommand', () => {
  it('says platform and insecure registries as skopeo has them, and quotes for a shell', () => {
    const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' }
    expect(copyCommand('docker://a/b:c', "oci:it's here", { platform, insecure: true })).toBe(
      `skopeo --override-os linux --override-arch arm64 --override-variant v8 copy --src-tls-verify=false docker://a/b:c 'oci:it'\\''s here'`,
    )
  })
})

describe('copyCommand of more than one image', () => {
  it('says what is packed anew, and which side is trusted', () => {
    const options = { all: true, recompress: { format: 'zstd', level: 5 }, destination: { insecure: true } } as const
    expect(copyCommand('docker://a/b:c', 'docker://d/e:f', options)).toBe(
      'skopeo copy --all --dest-compress-format=zstd --dest-compress-level=5 --dest-tls-verify=false docker://a/b:c docker://d/e:f',
    )
  })
})

describe('inParallel', () => {
  it('keeps the order, the limit, and the first failure', async () => {
    let running = 0
    let most = 0
    const work = async (n: number) => {
      most = Math.max(most, ++running)
      await new Promise(resolve => setTimeout(resolve, 5 - n))
      running--
      return n * 2
    }
    expect(await inParallel([1, 2, 3, 4], 2, work, () => {})).toEqual([2, 4, 6, 8])
    expect(most).toBe(2)
    const begun: number[] = []
    const failing = inParallel(
      [1, 2, 3, 4],
      2,
      async n => {
        begun.push(n)
        throw new Error(`no ${n}`)
      },
      () => {},
    )
    await expect(failing).rejects.toThrow('no 1')
    expect(begun).toEqual([1, 2])
  })
})
