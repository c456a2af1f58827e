import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOf } from '../../../spec/digest.ts'
import { runTool } from '../../tool.ts'
import { lessonOf } from '../course.ts'
import { openRegistry } from '../registry.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
let running: Awaited<ReturnType<typeof openRegistry>>
beforeAll(async () => {
  course = await openTestLesson('04-registry-api')
})
afterAll(() => course.close())

const path = (name: string) => course.place().path(name)
const passing = { state: 'pass' }
const sh = async (line: string) => (await runTool('sh', ['-c', line], { cwd: course.place().folder })).trim()
const url = () => running.registry.url
const token = async (scope: string) => {
  const service = await sh(`curl -si ${url()}/v2/ | sed -n 's/.*service="\\([^"]*\\)".*/\\1/p'`)
  const answer = await sh(`curl -s -u 'learner:let me in' '${url()}/token?service=${service}&scope=${scope}'`)
  return JSON.parse(answer).token as string
}
const PULL = 'repository:zengxu/oci-demo-app:pull'
const curl = async (what: string, file: string) => {
  const bearer = `Authorization: Bearer ${await token(PULL)}`
  const accept = 'Accept: application/vnd.docker.distribution.manifest.v2+json'
  await sh(`curl -s -H '${bearer}' -H '${accept}' ${url()}/v2/zengxu/oci-demo-app/${what} -o ${file}`)
}

it('says that the registry does not run, before it does', async () => {
  for (const { id } of lessonOf('04-registry-api').checks.filter(({ id }) => id === '04.1'))
    expect(await course.look(id)).toMatchObject({ state: 'fail', seen: expect.stringContaining('does not run') })
  const users = { learner: 'let me in' }
  running = await openRegistry(course.root, lessonOf('04-registry-api'), { users })
})
afterAll(() => running?.close())

describe('04.1', () => {
  it.each(['learner', 'http://127.0.0.1/', '/token'])('does not take %s', async answer => {
    await course.answer('04.1', answer)
    expect((await course.look('04.1')).state).toBe('fail')
  })
  it('takes what curl shows', async () => {
    const header = await sh(`curl -si ${url()}/v2/ | grep -i www-authenticate`)
    await course.answer('04.1', header.match(/realm="([^"]*)"/)![1]!)
    expect(await course.look('04.1')).toMatchObject(passing)
  })
})

describe('04.2', () => {
  it.each<[string, () => Promise<string>]>([
    ['no token at all', async () => 'hello'],
    ['one for another repository', () => token('repository:library/nothing:pull')],
    ['one that may only push', () => token('repository:zengxu/oci-demo-app:push')],
  ])('does not take %s', async (_, made) => {
    writeFileSync(path('token'), await made())
    expect((await course.look('04.2')).state).toBe('fail')
  })
  it('takes one that curl got', async () => {
    writeFileSync(path('token'), `${await token(PULL)}\n`)
    expect(await course.look('04.2')).toMatchObject(passing)
  })
})

describe('04.3', () => {
  it('fails on nothing, and on a manifest that was written again', async () => {
    expect((await course.look('04.3')).state).toBe('fail')
    await curl('manifests/v0', 'manifest.json')
    writeFileSync(
      path('manifest.json'),
      JSON.stringify(JSON.parse(readFileSync(path('manifest.json'), 'utf8')), null, 1),
    )
    expect(await course.look('04.3')).toMatchObject({ state: 'fail', hint: expect.stringContaining('written again') })
  })
  it('passes when curl fetched it', async () => {
    await curl('manifests/v0', 'manifest.json')
    expect(await course.look('04.3')).toMatchObject(passing)
  })
})

describe('04.4', () => {
  const digests = () => {
    const { config, layers } = JSON.parse(readFileSync(path('manifest.json'), 'utf8'))
    return [config, ...layers].map(({ digest }) => digest as string)
  }
  it('fails without a folder, without a blob, and on a blob that is not what its name says', async () => {
    expect((await course.look('04.4')).state).toBe('fail')
    mkdirSync(path('blobs/sha256'), { recursive: true })
    for (const digest of digests().slice(1)) await curl(`blobs/${digest}`, `blobs/sha256/${digest.slice(7)}`)
    expect(await course.look('04.4')).toMatchObject({
      state: 'fail',
      seen: expect.stringContaining(digests()[0]!.slice(7)),
    })
    writeFileSync(path(`blobs/sha256/${digests()[0]!.slice(7)}`), '{"errors":[]}')
    expect(await course.look('04.4')).toMatchObject({
      state: 'fail',
      hint: expect.stringContaining('not what their names say'),
    })
  })
  it('passes when curl fetched all', async () => {
    await curl(`blobs/${digests()[0]}`, `blobs/sha256/${digests()[0]!.slice(7)}`)
    expect(await course.look('04.4')).toMatchObject(passing)
  })
})

describe('04.5', () => {
  const push = async (text: string, digest: string, repository = 'learner/first') => {
    writeFileSync(path('words'), text)
    const bearer = `-H 'Authorization: Bearer ${await token(`repository:${repository}:pull,push`)}'`
    const location = await sh(`curl -si ${bearer} -X POST ${url()}/v2/${repository}/blobs/uploads/ | grep -i ^location`)
    const where = new URL(location.slice('location: '.length).trim(), url())
    where.searchParams.set('digest', digest)
    await sh(`curl -s ${bearer} -X PUT --data-binary @words '${where}'`)
  }
  const words = 'pushed by hand\n'
  it.each<[string, () => Promise<void>]>([
    ['nothing was pushed', async () => {}],
    ['the digest was the stub’s', () => push(words, `sha256:${'0'.repeat(64)}`)],
    ['the bytes lost their newline', () => push(words.trim(), digestOf(words.trim()))],
  ])('fails when %s', async (_, did) => {
    await did()
    expect((await course.look('04.5')).state).toBe('fail')
  })
  it('passes when curl pushed it', async () => {
    await push(words, digestOf(words))
    expect(await course.look('04.5')).toMatchObject(passing)
  })
})
