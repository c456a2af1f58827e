import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runTool } from '../../tool.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
beforeAll(async () => {
  course = await openTestLesson('05-manifest-v2s2-vs-oci')
})
afterAll(() => course.close())

const path = (name: string) => course.place().path(name)
const read = (name: string) => readFileSync(path(name), 'utf8')
const passing = { state: 'pass' }

describe('05.1', () => {
  const layers = () => JSON.parse(read('docker.json')).layers as object[]
  const written = (mediaType: string, list = layers()) =>
    writeFileSync(path('layers.json'), JSON.stringify(list.map(layer => ({ ...layer, mediaType }))))
  it.each<[string, () => void]>([
    ['nothing', () => {}],
    ['no JSON', () => writeFileSync(path('layers.json'), 'layers')],
    ['no list', () => writeFileSync(path('layers.json'), '{}')],
    ['the stub', () => written('application/vnd.oci.image.…')],
    ['a hyphen for the plus', () => written('application/vnd.oci.image.layer.v1.tar-gzip')],
    ['a layer left out', () => written('application/vnd.oci.image.layer.v1.tar+gzip', layers().slice(1))],
  ])('fails on %s', async (_, make) => {
    await course.reset('05.1')
    make()
    expect((await course.look('05.1')).state).toBe('fail')
  })
  it('passes when sed did it', async () => {
    const docker = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
    writeFileSync(path('input'), JSON.stringify(layers()))
    const line = `sed 's;${docker};application/vnd.oci.image.layer.v1.tar+gzip;g' input > layers.json`
    await runTool('sh', ['-c', line], { cwd: course.place().folder })
    expect(await course.look('05.1')).toMatchObject(passing)
  })
})

describe.each<[string, string, [string, string][]]>([
  [
    '05.2',
    'layers',
    [
      ['manifest', 'by digest'],
      ['config', 'only Docker knows'],
      ['…', 'one word'],
    ],
  ],
  [
    '05.3',
    'mediaType',
    [
      ['application/vnd.oci.image.manifest.v1+json', 'its value'],
      ['schemaVersion', 'from the left'],
    ],
  ],
])('%s', (id, right, wrong) => {
  it('waits for an answer', async () => expect((await course.look(id)).seen).toBe('no answer yet'))
  it.each(wrong)('points on from %s', async (answer, hint) => {
    await course.answer(id, answer)
    expect(await course.look(id)).toMatchObject({ state: 'fail', hint: expect.stringContaining(hint) })
  })
  it('takes the answer', async () => {
    await course.answer(id, right)
    expect(await course.look(id)).toMatchObject(passing)
  })
})

describe('05.4', () => {
  const article = () => JSON.parse(read('article.json'))
  const today = () => ({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', ...article() })
  const { keys } = Object
  it.each<[string, () => string, string]>([
    ['spaces', () => JSON.stringify(article(), null, 2), 'spaces'],
    ['a newline', () => `${JSON.stringify(article())}\n`, 'newline'],
    ['today’s field', () => JSON.stringify(today()), 'not written in 2020'],
    [
      'another order',
      () =>
        JSON.stringify(
          Object.fromEntries(
            keys(article())
              .reverse()
              .map(key => [key, article()[key]]),
          ),
        ),
      'in order',
    ],
  ])('says that it is %s', async (_, text, hint) => {
    writeFileSync(path('manifest.json'), text())
    expect(await course.look('05.4')).toMatchObject({ state: 'fail', hint: expect.stringContaining(hint) })
  })
  it('passes without a single space', async () => {
    writeFileSync(path('manifest.json'), JSON.stringify(article()))
    expect(await course.look('05.4')).toMatchObject(passing)
  })
})
