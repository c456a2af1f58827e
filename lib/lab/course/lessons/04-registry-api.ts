import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf, hexOf } from '../../../spec/digest.ts'
import { parseManifest } from '../../../spec/manifest.ts'
import { DOCKER_MANIFEST } from '../../../spec/mediaTypes.ts'
import { type Finding, includes, same, unlike } from '../../claim.ts'
import { answered } from '../answered.ts'
import type { Lesson } from '../lesson.ts'
import type { Place } from '../place.ts'

const IMAGE = 'zengxu/oci-demo-app'
const PUSHED = 'pushed by hand\n'
const USER = 'learner:let me in'

const NO_REGISTRY = unlike(
  { en: 'the registry of this lesson does not run', zh: '本课的镜像仓库没有在运行' },
  { en: 'a registry that answers', zh: '一个会应答的镜像仓库' },
  'await lab.registry(…)',
  { en: 'run the first cell of 04.1 again', zh: '把 04.1 的第一个单元格再运行一遍' },
)

export const registryApi: Lesson = {
  id: '04-registry-api',
  checks: [
    {
      id: '04.1',
      claim: { en: 'you know where tokens are given', zh: '你知道令牌在哪里领取' },
      look: atRegistry(async place =>
        answered(place, '04.1', (await challengeOf(place)).realm, {
          expected: { en: 'the URL that the registry’s refusal names', zh: '镜像仓库拒绝时指出的那个 URL' },
          hint: answer =>
            answer.startsWith('http')
              ? { en: 'which of the values in the header is the place?', zh: '响应头的几个值里，哪一个是领取的地方？' }
              : { en: 'it is a whole URL', zh: '要写完整的 URL' },
        }),
      ),
    },
    {
      id: '04.2',
      claim: { en: 'the file token holds a token that may pull the image', zh: '文件 token 里的令牌可以拉取这个镜像' },
      makes: ['token'],
      look: atRegistry(async place => {
        const { status } = await manifestWith(place, (await readFile(place.path('token'), 'utf8')).trim())
        return same(
          `${status}`,
          '200',
          {
            en: `GET /v2/${IMAGE}/manifests/v0 with ${place.path('token')}`,
            zh: `用 ${place.path('token')} 去 GET /v2/${IMAGE}/manifests/v0`,
          },
          {
            en: 'is the token for this repository? A token ends, too: has it become old?',
            zh: '令牌是为这个仓库签发的吗？令牌也会过期：是不是太旧了？',
          },
        )
      }),
    },
    {
      id: '04.3',
      claim: { en: 'manifest.json is the manifest, byte for byte', zh: 'manifest.json 与 manifest 逐字节相同' },
      makes: ['manifest.json'],
      look: atRegistry(async place => {
        const bytes = await readFile(place.path('manifest.json'))
        const answer = await manifestWith(place, await pullToken(place))
        return same(
          digestOf(bytes),
          answer.headers.get('docker-content-digest'),
          `sha256sum ${place.path('manifest.json')}`,
          {
            en: 'was it written again on the way, with other spaces, say?',
            zh: '途中是不是被重新写过，比如换了空格？',
          },
        )
      }),
    },
    {
      id: '04.4',
      claim: {
        en: 'blobs/sha256 holds the config and every layer, each as its name says',
        zh: 'blobs/sha256 里有 config 和每一层，个个名副其实',
      },
      makes: ['blobs'],
      look: atRegistry(async place => {
        const manifest = await currentManifest(place)
        const wanted = [manifest.config, ...manifest.layers].map(({ digest }) => hexOf(digest))
        const folder = place.path('blobs/sha256')
        const names = await readdir(folder)
        const bytes = await Promise.all(names.map(name => readFile(join(folder, name))))
        const wrong = names.filter((name, i) => digestOf(bytes[i]!) !== `sha256:${name}`)
        if (wrong.length > 0)
          return same(wrong, [], folder, { en: 'these files are not what their names say', zh: '这些文件名不副实' })
        return includes(names, wanted, folder, {
          en: 'one file for each digest of the manifest',
          zh: 'manifest 里每个摘要对应一个文件',
        })
      }),
    },
    {
      id: '04.5',
      claim: { en: 'the registry has your blob, in learner/first', zh: '仓库的 learner/first 里有你的 blob' },
      look: atRegistry(async place => {
        const digest = digestOf(Buffer.from(PUSHED))
        const token = await tokenFor(place, 'repository:learner/first:pull')
        const url = `http://${hostOf(place)}/v2/learner/first/blobs/${digest}`
        const { status } = await fetch(url, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } })
        return same(`${status}`, '200', `HEAD /v2/learner/first/blobs/${digest}`, {
          en: 'what did the registry answer to the PUT?',
          zh: '镜像仓库对 PUT 的回答是什么？',
        })
      }),
    },
  ],
}

/** The registry belongs to the notebook, and ends with it: without it there is nothing to be looked at. */
function atRegistry(look: (place: Place) => Promise<Finding>): (place: Place) => Promise<Finding> {
  return async place => (place.service('registry') === undefined ? NO_REGISTRY : look(place))
}

function hostOf(place: Place): string {
  return place.service('registry')!
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
