import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OciError } from '../../../errors.ts'
import { digestOf, hexOf } from '../../../spec/digest.ts'
import { parseManifest } from '../../../spec/manifest.ts'
import { DOCKER_MANIFEST } from '../../../spec/mediaTypes.ts'
import { includes, same } from '../../claim.ts'
import { answered } from '../answered.ts'
import type { Lesson } from '../lesson.ts'
import type { Place } from '../place.ts'

const IMAGE = 'zengxu/oci-demo-app'
const PUSHED = 'pushed by hand\n'
const USER = 'learner:let me in'

export const registryApi: Lesson = {
  id: '04-registry-api',
  checks: [
    {
      id: '04.1',
      claim: { en: 'you know where tokens are given', zh: '你知道令牌在哪里领取' },
      look: async place =>
        answered(place, '04.1', (await challengeOf(place)).realm, {
          expected: 'the URL that the registry’s refusal names',
          hint: answer =>
            answer.startsWith('http') ? 'which of the values in the header is the place?' : 'it is a whole URL',
        }),
    },
    {
      id: '04.2',
      claim: { en: 'the file token holds a token that may pull the image', zh: '文件 token 里的令牌可以拉取这个镜像' },
      makes: ['token'],
      async look(place) {
        const { status } = await manifestWith(place, (await readFile(place.path('token'), 'utf8')).trim())
        return same(
          `${status}`,
          '200',
          `GET /v2/${IMAGE}/manifests/v0 with ${place.path('token')}`,
          'is the token for this repository? A token ends, too: has it become old?',
        )
      },
    },
    {
      id: '04.3',
      claim: { en: 'manifest.json is the manifest, byte for byte', zh: 'manifest.json 与 manifest 逐字节相同' },
      makes: ['manifest.json'],
      async look(place) {
        const bytes = await readFile(place.path('manifest.json'))
        const answer = await manifestWith(place, await pullToken(place))
        return same(
          digestOf(bytes),
          answer.headers.get('docker-content-digest'),
          `sha256sum ${place.path('manifest.json')}`,
          'was it written again on the way, with other spaces, say?',
        )
      },
    },
    {
      id: '04.4',
      claim: {
        en: 'blobs/sha256 holds the config and every layer, each as its name says',
        zh: 'blobs/sha256 里有 config 和每一层，个个名副其实',
      },
      makes: ['blobs'],
      async look(place) {
        const manifest = await currentManifest(place)
        const wanted = [manifest.config, ...manifest.layers].map(({ digest }) => hexOf(digest))
        const folder = place.path('blobs/sha256')
        const names = await readdir(folder)
        const bytes = await Promise.all(names.map(name => readFile(join(folder, name))))
        const wrong = names.filter((name, i) => digestOf(bytes[i]!) !== `sha256:${name}`)
        if (wrong.length > 0) return same(wrong, [], folder, 'these files are not what their names say')
        return includes(names, wanted, folder, 'one file for each digest of the manifest')
      },
    },
    {
      id: '04.5',
      claim: { en: 'the registry has your blob, in learner/first', zh: '仓库的 learner/first 里有你的 blob' },
      async look(place) {
        const digest = digestOf(Buffer.from(PUSHED))
        const token = await tokenFor(place, 'repository:learner/first:pull')
        const url = `http://${hostOf(place)}/v2/learner/first/blobs/${digest}`
        const { status } = await fetch(url, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } })
        return same(
          `${status}`,
          '200',
          `HEAD /v2/learner/first/blobs/${digest}`,
          'what did the registry answer to the PUT?',
        )
      },
    },
  ],
}

/** The registry belongs to the notebook: it ends with it. */
function hostOf(place: Place): string {
  const host = place.service('registry')
  if (host === undefined)
    throw new OciError(
      'REGISTRY_UNREACHABLE',
      'the registry of this lesson does not run (run the first cell of 04.1 again)',
    )
  return host
}

async function challengeOf(place: Place): Promise<{ realm: string; service: string }> {
  const answer = await fetch(`http://${hostOf(place)}/v2/`)
  const header = answer.headers.get('www-authenticate') ?? ''
  const value = (name: string) => header.match(new RegExp(`${name}="([^"]*)"`))?.[1] ?? ''
  return { realm: value('realm'), service: value('service') }
}

async function tokenFor(place: Place, scope: string): Promise<string> {
  const { realm, service } = await challengeOf(place)
  const authorization = `Basic ${Buffer.from(USER).toString('base64')}`
  const answer = await fetch(`${realm}?${new URLSearchParams({ service, scope })}`, { headers: { authorization } })
  return ((await answer.json()) as { token: string }).token
}

function pullToken(place: Place): Promise<string> {
  return tokenFor(place, `repository:${IMAGE}:pull`)
}

function manifestWith(place: Place, token: string): Promise<Response> {
  const headers = { accept: DOCKER_MANIFEST, authorization: `Bearer ${token}` }
  return fetch(`http://${hostOf(place)}/v2/${IMAGE}/manifests/v0`, { headers })
}

async function currentManifest(place: Place) {
  const answer = await manifestWith(place, await pullToken(place))
  return parseManifest(new Uint8Array(await answer.arrayBuffer()), 'the registry’s manifest')
}
