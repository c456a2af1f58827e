import { describe, expect, it } from 'vitest'
import { layerChanges } from '../../image/changes.ts'
import { imageWith } from '../../rootfs/testLayers.ts'
import { comparison } from './comparison.ts'
import { layerExplorer } from './layerExplorer.ts'
import { manifestGraph } from './manifestGraph.ts'
import { networkPicture } from './networkPicture.ts'
import type { Drawing, Picture } from './picture.ts'
import { planPicture } from './planPicture.ts'
import { tarHeaderPicture } from './tarHeader.ts'
import { readMermaid } from './testMermaid.ts'
import { transcriptPicture } from './transcriptPicture.ts'

const image = await imageWith({ 'opt/a': { body: '12345' } }, { 'opt/.wh.a': {} })
const lo = { index: 1, name: 'lo', up: true }
const bridge = { index: 2, name: 'runc0', up: true, kind: 'bridge' }
const cable = { index: 3, name: 'veth0', up: true, kind: 'veth', master: 'runc0', peer: 'lo' }
const route = { destination: 'default', gateway: '10.0.0.1', link: 'runc0', table: 254 }
const goal = { links: [{ name: 'eth0', netns: '/run/netns/demo', addresses: ['10.0.0.2/24'] }] }

const pictures: [string, Picture][] = [
  ['a comparison', comparison('runc', [{ what: 'x', ours: '1', theirs: '2', clause: 'config.md' }])],
  ['layers', layerExplorer(await layerChanges(image))],
  ['a manifest', manifestGraph(image, 'v0')],
  ['a network', networkPicture([{ links: [lo, bridge, cable], addresses: [], routes: [route] }], goal)],
  ['a plan', planPicture([{ op: 'pivot' }])],
  ['a tar header', tarHeaderPicture(Buffer.alloc(512))],
  ['a transcript', transcriptPicture([{ method: 'GET', url: 'http://registry.test/v2/', status: 200 }])],
]

/** English words of ours; what specs, commands and programs say is the same in every language. */
const ENGLISH =
  /\b(ours|verdict|different|equal|layers?|files|hides|adds|made|unpacked|host|missing|in|to|port|route|step|operation|command|offset|meaning|bytes|none|but|client|status|method)\b/

describe.each(pictures)('%s', (_, { en, zh }) => {
  it('speaks the language of who looks at it', () => {
    expect(en.title).not.toMatch(/\p{Script=Han}/u)
    expect(en.text).not.toMatch(/\p{Script=Han}/u)
    expect(zh.title).toMatch(/\p{Script=Han}/u)
    expect(inWords(zh)).not.toMatch(ENGLISH)
  })
  it('is drawn by mermaid in both', async () => {
    for (const { mermaid } of [en, zh]) if (mermaid) await readMermaid(mermaid)
  })
})

/** Without the tags, the ids and the names of media types: `layers[0].digest` is a field’s name. */
function inWords({ title, text, mermaid = '', html = '' }: Drawing): string {
  const labels = [...mermaid.matchAll(/"([^"]*)"/g)].map(([, label]) => label)
  return [title, text, html.replace(/<[^>]*>/g, ' '), ...labels]
    .join('\n')
    .replace(/layers\[\d+\]\.digest|application\/\S+|image\.layer\S*|(layer|config|manifest) +\S*/g, '')
}
