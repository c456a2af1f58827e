import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copy } from '../../copy.ts'
import { testFolder, testSource } from '../../testImages.ts'
import { type RunningRegistry, startRegistry } from '../server/server.ts'
import { maskedBody, maskedHeaders, maskedUrl } from './mask.ts'
import { recording, replaying, showExchange } from './transcript.ts'

const folder = testFolder()
const credentials = { username: 'learner', password: 'open-sesame' }
let registry: RunningRegistry
beforeAll(async () => {
  registry = await startRegistry({ users: { learner: 'open-sesame' } })
  await copy(await testSource(), `docker://${registry.host}/a:v0`, { insecure: true, credentials })
})
afterAll(() => registry.close())

describe('a transcript', () => {
  it('of a pull has every exchange and no secret, and is as good as the network', async () => {
    const { exchanges, wire } = recording()
    const from = `docker://${registry.host}/a:v0`
    const there = await copy(from, `oci:${join(folder, 'a')}:v0`, { insecure: true, credentials, wire })
    const text = JSON.stringify(exchanges)
    const basic = Buffer.from('learner:open-sesame').toString('base64')
    for (const secret of ['open-sesame', basic, 'eyJ']) expect(text).not.toContain(secret)
    const statuses = exchanges.map(({ request, response }) => `${request.method} ${response.status}`)
    // The door is knocked at, a token fetched: then manifest, config and two layers.
    expect(statuses).toEqual(['GET 401', 'GET 200', ...Array(4).fill('GET 200')])
    const offline = replaying(JSON.parse(text))
    const again = await copy(from, `oci:${join(folder, 'b')}:v0`, { insecure: true, credentials, wire: offline })
    expect(again).toEqual(there)
  })

  it('of a push is, too', async () => {
    const { exchanges, wire } = recording()
    const to = `docker://${registry.host}/b:v0`
    const source = await testSource(['pushed'])
    const there = await copy(source, to, { insecure: true, credentials, wire })
    const again = await copy(source, to, { insecure: true, credentials, wire: replaying(exchanges) })
    expect(again).toEqual(there)
  })

  it('answers nothing that was not asked', async () => {
    const wire = replaying([])
    await expect(
      copy(`docker://${registry.host}/a:v0`, `oci:${join(folder, 'c')}:v0`, { insecure: true, wire }),
    ).rejects.toMatchObject({ code: 'PROTOCOL', message: expect.stringContaining('not in the transcript') })
  })

  it('leaves out what is too long, and says so when it is wanted', async () => {
    const { exchanges, wire } = recording(10)
    const from = `docker://${registry.host}/a:v0`
    await copy(from, `oci:${join(folder, 'd')}:v0`, { insecure: true, credentials, wire })
    await expect(
      copy(from, `oci:${join(folder, 'e')}:v0`, { insecure: true, credentials, wire: replaying(exchanges) }),
    ).rejects.toThrow('too many for the transcript')
  })

  it('reads like curl -v', async () => {
    const { exchanges, wire } = recording()
    await copy(`docker://${registry.host}/a:v0`, `oci:${join(folder, 'f')}:v0`, { insecure: true, credentials, wire })
    const shown = showExchange(exchanges.find(it => it.request.url.includes('manifests'))!)
    expect(shown).toContain('> GET /v2/a/manifests/v0')
    expect(shown).toContain('> authorization: Bearer ***')
    expect(shown).toContain('< docker-content-digest: sha256:')
  })
})

describe('what is masked', () => {
  it.each([
    ['https://u:p@host/x', 'https://***@host/x'],
    ['/v2/a/blobs/uploads/1?_state=abc&x=1', '/v2/a/blobs/uploads/1?_state=***&x=1'],
    [
      'https://s3/x?X-Amz-Signature=s&X-Amz-Credential=c&X-Amz-Date=d',
      'https://s3/x?X-Amz-Signature=***&X-Amz-Credential=***&X-Amz-Date=d',
    ],
    ['https://host/token?scope=repository:a:pull&service=s', 'https://host/token?scope=repository:a:pull&service=s'],
  ])('%s', (url, masked) => expect(maskedUrl(url)).toBe(masked))

  it.each([
    ['{"token":"a\\"b","access_token" : "c","expires_in":3}', '{"token":"***","access_token" : "***","expires_in":3}'],
    ['grant_type=refresh_token&refresh_token=abc&service=s', 'grant_type=refresh_token&refresh_token=***&service=s'],
    ['{"schemaVersion":2}', '{"schemaVersion":2}'],
  ])('%s', (body, masked) => expect(maskedBody(body)).toBe(masked))

  it('headers', () => {
    const headers = { Authorization: 'Basic abc', 'set-cookie': 'x', location: 'https://a:b@c/', accept: 'y' }
    expect(maskedHeaders(headers)).toEqual({
      Authorization: 'Basic ***',
      'set-cookie': '***',
      location: 'https://***@c/',
      accept: 'y',
    })
  })
})
