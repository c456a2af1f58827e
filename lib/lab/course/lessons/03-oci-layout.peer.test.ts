import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
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
  course = await openTestLesson('03-oci-layout')
})
afterAll(() => course.close())

const path = (name: string) => course.place().path(name)
const json = (name: string) => JSON.parse(readFileSync(path(name), 'utf8'))
const skopeo = (...names: string[]) => runTool('skopeo', ['copy', ...names], { cwd: course.place().folder })
const failing = (seen: string) => ({ state: 'fail', seen: expect.stringContaining(seen) })

describe('03.1', () => {
  it('fails on nothing, on another image, and on another tag', async () => {
    expect(await course.look('03.1')).toMatchObject(failing(''))
    await copy(
      heldImage(await imageWith({ a: { body: 'other' } }), 'x'),
      parseTransport(`oci:${path('oci-demo-app')}:v0`),
    )
    expect(await course.look('03.1')).toMatchObject({
      ...failing('sha256:'),
      hint: expect.stringContaining('demo image'),
    })
    await course.reset('03.1')
    const { image } = await demoImage('tiny')
    await copy(heldImage(image, 'x'), parseTransport(`oci:${path('oci-demo-app')}:latest`))
    expect(await course.look('03.1')).toMatchObject(failing('v0'))
    await course.reset('03.1')
  })
  it('passes when skopeo copied it', async () => {
    const { image } = await demoImage('tiny')
    await copy(heldImage(image, 'x'), parseTransport(`docker-archive:${path('x.tar')}:x:v0`))
    await skopeo('docker-archive:x.tar', 'oci:oci-demo-app:v0')
    expect((await course.look('03.1')).state).toBe('pass')
  })
})

describe('03.2', () => {
  it('points on from the manifest to the config', async () => {
    const [entry] = json('oci-demo-app/index.json').manifests
    const manifest = json(`oci-demo-app/blobs/sha256/${entry.digest.slice(7)}`)
    expect(await course.look('03.2')).toMatchObject(failing('no answer yet'))
    await course.answer('03.2', entry.digest)
    expect(await course.look('03.2')).toMatchObject({
      state: 'fail',
      hint: expect.stringContaining('of the manifest'),
    })
    await course.answer('03.2', manifest.layers[0].digest)
    expect(await course.look('03.2')).toMatchObject({
      state: 'fail',
      hint: expect.stringContaining('which field'),
    })
    await course.answer('03.2', manifest.config.digest)
    expect((await course.look('03.2')).state).toBe('pass')
  })
})

describe('03.3', () => {
  it('is found by sha256sum alone', async () => {
    const lines = (
      await runTool('sh', ['-c', 'cd spoiled/blobs/sha256 && sha256sum *'], { cwd: course.place().folder })
    )
      .trim()
      .split('\n')
    const wrong = lines.map(line => line.split(/\s+/)).filter(([sum, name]) => sum !== name)
    expect(wrong).toHaveLength(1)
    const [[sum, name]] = wrong as [[string, string]]
    await course.answer('03.3', `sha256:${sum}`)
    const finding = await course.look('03.3')
    expect(finding.state).toBe('fail')
    expect(JSON.stringify(finding)).not.toContain(name)
    await course.answer('03.3', `sha256:${name}`)
    expect((await course.look('03.3')).state).toBe('pass')
  })
})

describe('03.4', () => {
  const blobs = () => readdirSync(path('oci-demo-app/blobs/sha256')).length
  it('fails when the name is missing, or is another image’s', async () => {
    expect(await course.look('03.4')).toMatchObject(failing('[]'))
    const index = json('oci-demo-app/index.json')
    const other = {
      ...index.manifests[0],
      digest: `sha256:${'0'.repeat(64)}`,
      annotations: { 'org.opencontainers.image.ref.name': 'stable' },
    }
    writeFileSync(path('oci-demo-app/index.json'), JSON.stringify({ ...index, manifests: [...index.manifests, other] }))
    expect(await course.look('03.4')).toMatchObject(failing('sha256:000'))
    writeFileSync(path('oci-demo-app/index.json'), JSON.stringify(index))
  })
  it('passes when skopeo did it, and when an editor did', async () => {
    const before = blobs()
    const index = json('oci-demo-app/index.json')
    await skopeo('oci:oci-demo-app:v0', 'oci:oci-demo-app:stable')
    expect((await course.look('03.4')).state).toBe('pass')
    expect(blobs()).toBe(before)
    const second = { ...index.manifests[0], annotations: { 'org.opencontainers.image.ref.name': 'stable' } }
    writeFileSync(
      path('oci-demo-app/index.json'),
      JSON.stringify({ ...index, manifests: [index.manifests[0], second] }),
    )
    expect((await course.look('03.4')).state).toBe('pass')
  })
})
