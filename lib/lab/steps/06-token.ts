import { say } from '../../events.ts'
import type { Manifest } from '../../spec/manifest.ts'
import { parseManifest } from '../../spec/manifest.ts'
import { DOCKER_MANIFEST, ociMediaType } from '../../spec/mediaTypes.ts'
import { same } from '../claim.ts'
import type { Lab } from '../lab.ts'
import type { Step } from '../step.ts'
import { manifestOf } from './05-oci-layout.ts'

/** Asks the registry by hand, as the article does with curl: first for a token, then for the manifest. */
export const token: Step = {
  id: '06',
  section: 'OCI V1 和 Docker Image Manifest V2',
  title: { en: 'The manifest, asked for by hand', zh: '手工向仓库要 manifest' },
  why: {
    en: 'The two manifests name the same layers by the same digests. They differ in media types, and in the config: Docker keeps more in it.',
    zh: '两份 manifest 指向的层摘要完全相同，差别只在 mediaType，以及 config：Docker 存的内容更多。',
  },
  root: false,
  async run(lab, options) {
    say(options, `curl -s -u learner "${tokenUrl(lab)}" | jq -r .token`)
    const bearer = await fetchToken(lab)
    say(options, `curl -s ${manifestUrl(lab)} -H "Authorization: Bearer …" -H "Accept: ${DOCKER_MANIFEST}" | jq`)
    const manifest = await fetchManifest(lab, bearer)
    return JSON.stringify(manifest, null, 2).split('\n')
  },
  checks: [
    {
      id: '06.1',
      claim: { en: 'Docker’s manifest and OCI’s name the same layers', zh: 'Docker 与 OCI 的 manifest 列出相同的层' },
      async look(lab) {
        const docker = await fetchManifest(lab, await fetchToken(lab))
        const oci = await manifestOf(lab)
        const digests = (manifest: Pick<Manifest, 'layers'>) => manifest.layers.map(layer => layer.digest)
        return same(digests(docker), digests(oci as Manifest), 'layers[].digest')
      },
    },
    {
      id: '06.2',
      claim: { en: 'their media types are pairs', zh: '两边的 mediaType 一一对应' },
      async look(lab) {
        const docker = await fetchManifest(lab, await fetchToken(lab))
        const oci = await manifestOf(lab)
        return same(
          docker.layers.map(layer => ociMediaType(layer.mediaType)),
          oci.layers.map(layer => layer.mediaType),
          'layers[].mediaType',
        )
      },
    },
  ],
}

const SCOPE = 'repository:zengxu/oci-demo-app:pull'

function tokenUrl(lab: Lab): string {
  return `${lab.registry.url}/token?scope=${encodeURIComponent(SCOPE)}&service=${encodeURIComponent(lab.registry.service)}`
}

function manifestUrl(lab: Lab): string {
  return `${lab.registry.url}/v2/zengxu/oci-demo-app/manifests/v0`
}

/** A token that may pull, for the lab's user. */
export async function fetchToken(lab: Lab): Promise<string> {
  const { username, password } = lab.credentials
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  const answer = await fetch(tokenUrl(lab), { headers: { authorization: `Basic ${basic}` } })
  return ((await answer.json()) as { token: string }).token
}

async function fetchManifest(lab: Lab, bearer: string): Promise<Manifest> {
  const answer = await fetch(manifestUrl(lab), {
    headers: { authorization: `Bearer ${bearer}`, accept: DOCKER_MANIFEST },
  })
  return parseManifest(new Uint8Array(await answer.arrayBuffer()), manifestUrl(lab))
}
