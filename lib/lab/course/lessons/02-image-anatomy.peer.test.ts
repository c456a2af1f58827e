import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { imageWith } from '../../../rootfs/testLayers.ts'
import { copy } from '../../../transport/copy.ts'
import { heldImage } from '../../../transport/held.ts'
import { parseTransport } from '../../../transport/parse.ts'
import { demoImage } from '../../demo/demo.ts'
import { runTool } from '../../tool.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
beforeAll(async () => {
  course = await openTestLesson('02-image-anatomy')
})
afterAll(() => course.close())

const path = (name: string) => course.place().path(name)
const sh = (line: string) => runTool('sh', ['-c', line], { cwd: course.place().folder })
const failing = (seen: string) => ({ state: 'fail', seen: expect.stringContaining(seen) })
const passing = { state: 'pass' }
const { image: demo } = await demoImage('tiny')

describe('02.1', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    ['nothing', async () => {}, 'no such file'],
    ['a file that is no archive', async () => writeFileSync(path('app.tar'), 'hello'), 'app.tar'],
    [
      'another name in the archive',
      () => copy(heldImage(demo, 'x'), parseTransport(`docker-archive:${path('app.tar')}:other:v0`)),
      'zengxu/oci-demo-app:v0',
    ],
    [
      'another image',
      async () =>
        copy(
          heldImage(await imageWith({ a: {} }), 'x'),
          parseTransport(`docker-archive:${path('app.tar')}:zengxu/oci-demo-app:v0`),
        ),
      'sha256:',
    ],
  ])('fails on %s', async (_, make, seen) => {
    rmSync(path('app.tar'), { force: true })
    await make()
    expect(await course.look('02.1')).toMatchObject(failing(seen))
  })
  it('passes when skopeo saved it', async () => {
    await course.reset('02.1')
    await copy(heldImage(demo, 'x'), parseTransport(`oci:${path('x')}:v0`))
    await sh('skopeo copy oci:x:v0 docker-archive:app.tar:zengxu/oci-demo-app:v0')
    expect(await course.look('02.1')).toMatchObject(passing)
  })
})

describe('02.2', () => {
  it.each<[string, string, string]>([
    ['a digest', demo.layers.at(-1)!.descriptor.digest, 'compressed'],
    ['a lower layer', demo.config.rootfs.diff_ids[0]!, 'on top'],
    ['the stub', 'sha256:…', 'begins with sha256:'],
  ])('tells %s from the answer, without giving it away', async (_, answer, hint) => {
    await course.answer('02.2', answer)
    const finding = await course.look('02.2')
    expect(finding).toMatchObject({ state: 'fail', hint: expect.stringContaining(hint) })
    expect(JSON.stringify(finding)).not.toContain(demo.config.rootfs.diff_ids.at(-1))
  })
  it('is what sha256sum says', async () => {
    await sh('rm -rf app app.tar')
    await copy(heldImage(demo, 'x'), parseTransport(`docker-archive:${path('app.tar')}:x:v0`), { profile: '2020' })
    await sh('mkdir app && tar -C app -xf app.tar')
    const [{ Layers }] = JSON.parse(readFileSync(path('app/manifest.json'), 'utf8'))
    await course.answer('02.2', `sha256:${(await sh(`sha256sum app/${Layers.at(-1)}`)).slice(0, 64)}`)
    expect(await course.look('02.2')).toMatchObject(passing)
  })
})

describe('02.3', () => {
  it('is found with tar alone, and by nobody who looks at what is left', async () => {
    await course.answer('02.3', '')
    expect(await course.look('02.3')).toMatchObject({ state: 'fail', hint: expect.stringContaining('layer below') })
    const layers = (await sh('tar -tf leaky.tar | grep layer')).trim().split('\n')
    const found = await Promise.all(
      layers.map(layer => sh(`tar -xOf leaky.tar ${layer} | tar -xO root/password 2>/dev/null || true`)),
    )
    await course.answer('02.3', found.join('').trim())
    expect(await course.look('02.3')).toMatchObject(passing)
  })
})

describe('02.4', () => {
  /** All layers laid into the folder t, as one would who knows nothing of whiteouts. */
  const lay = async () => {
    const [{ Layers }] = JSON.parse(await sh('tar -xOf leaky.tar manifest.json'))
    await sh('rm -rf t && mkdir t')
    for (const layer of Layers) await sh(`tar -xOf leaky.tar ${layer} > layer.tar && tar -C t -xf layer.tar`)
  }
  it('fails on the top layer alone, on all layers in a row, and on a tree without its files', async () => {
    await lay()
    await sh('cp layer.tar rootfs.tar')
    expect(await course.look('02.4')).toMatchObject(failing('.wh.password'))
    await sh('tar -C t -cf rootfs.tar .')
    expect(await course.look('02.4')).toMatchObject(failing('root/password'))
    await sh('rm -rf t/root t/app.sh && tar -C t -cf rootfs.tar .')
    expect(await course.look('02.4')).toMatchObject(failing('app.sh'))
  })
  it('passes when tar and rm did it', async () => {
    await lay()
    await sh('rm t/root/password t/root/.wh.password && tar -C t -cf rootfs.tar .')
    expect(await course.look('02.4')).toMatchObject(passing)
  })
})

describe('02.5', () => {
  it('fails on a wrong sum, and on another file', async () => {
    await sh('echo hello > hello.txt && tar --format=ustar -cf hand.tar hello.txt')
    const tar = readFileSync(path('hand.tar'))
    tar.write('000000\0 ', 148, 'latin1')
    writeFileSync(path('hand.tar'), tar)
    expect(await course.look('02.5')).toMatchObject(failing('hand.tar'))
    await sh('echo hello > other.txt && tar --format=ustar -cf hand.tar other.txt')
    expect(await course.look('02.5')).toMatchObject(failing('other.txt: hello'))
  })
  it('passes when GNU tar wrote it', async () => {
    await sh('echo hello > hello.txt && tar --format=ustar -cf hand.tar hello.txt')
    expect(await course.look('02.5')).toMatchObject(passing)
  })
})

describe('02.6', () => {
  const OCI = 'application/vnd.oci.image.'
  const blob = async (bytes: string | Buffer) => {
    writeFileSync(path('blob'), bytes)
    await sh('mkdir -p hand/blobs/sha256 && cp blob hand/blobs/sha256/$(sha256sum blob | cut -c 1-64)')
    return { digest: `sha256:${(await sh('sha256sum blob')).slice(0, 64)}`, size: Buffer.byteLength(bytes) }
  }
  const byHand = async (change: { diffId?: string; config?: 'layer'; tar?: string }) => {
    await sh('rm -rf hand')
    const layer = { mediaType: `${OCI}layer.v1.tar`, ...(await blob(readFileSync(path(change.tar ?? 'hand.tar')))) }
    const rootfs = { type: 'layers', diff_ids: [change.diffId ?? layer.digest] }
    const made = await blob(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs }))
    const config = change.config === 'layer' ? layer : { mediaType: `${OCI}config.v1+json`, ...made }
    const manifest = await blob(JSON.stringify({ schemaVersion: 2, config, layers: [layer] }))
    const annotations = { 'org.opencontainers.image.ref.name': 'v0' }
    const manifests = [{ mediaType: `${OCI}manifest.v1+json`, ...manifest, annotations }]
    writeFileSync(path('hand/index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
    writeFileSync(path('hand/oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  }
  it.each<[string, Parameters<typeof byHand>[0]]>([
    ['a diff_id of something else', { diffId: `sha256:${'0'.repeat(64)}` }],
    ['the stub’s diff_id', { diffId: 'sha256:…' }],
    ['the layer for a config', { config: 'layer' }],
    ['another tar', { tar: 'leaky.tar' }],
  ])('fails on %s', async (_, change) => {
    await byHand(change)
    expect((await course.look('02.6')).state).toBe('fail')
  })
  it('passes when it is right, and skopeo reads it too', async () => {
    await byHand({})
    expect(await course.look('02.6')).toMatchObject(passing)
    await sh('skopeo inspect oci:hand:v0')
  })
})
