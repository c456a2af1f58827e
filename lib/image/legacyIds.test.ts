import { expect, it } from 'vitest'
import { type Digest, parseDigest } from '../spec/digest.ts'
import { chainIds } from './chainId.ts'
import { legacyLayers, lowerLegacyIds } from './legacyIds.ts'

// The lower three layers of the article's image, and the folders `docker save` gave them there.
const DIFF_IDS = [
  'sha256:f1b5933fe4b5f49bbe8258745cf396afe07e625bdab3168e364daf7c956b6b81',
  'sha256:9b9b7f3d56a01e3d9076874990c62e7a516cc4032f784f421574d06b18ef9aa4',
  'sha256:ceaf9e1ebef5f9eaa707a838848a3c13800fcf32d7757be10d4b08fb85f1bc8a',
].map(id => parseDigest(id))
const FOLDERS = [
  '1a58e6937db044ef6f2e2962a0dc7bef16a6c33fdfc5a0318c39092612a1bd1a',
  'c12f86d2a60fc27a1d93d555944262fda4ed66e3a3172ac45cd861151a0dc6c1',
  '98867178f60349f16652222772d086159a6d087fcd50bc32b9d75c23cd01ed8d',
]
const UTC8 = '1970-01-01T08:00:00+08:00'

it("gives the article's folders their names", () => {
  expect(lowerLegacyIds(DIFF_IDS, UTC8)).toEqual(FOLDERS)
  expect(lowerLegacyIds(DIFF_IDS, '1970-01-01T00:00:00Z')).not.toEqual(FOLDERS)
})

it('writes fields in the order of the Go struct, the parent of each layer among them', () => {
  const config = { os: 'linux', architecture: 'amd64', created: '2020-05-01T00:00:00Z', rootfs: {}, history: [] }
  const layers = legacyLayers(Buffer.from(JSON.stringify(config)), DIFF_IDS, UTC8)
  expect(layers.map(layer => layer.id).slice(0, 2)).toEqual(FOLDERS.slice(0, 2))
  const top = JSON.parse(layers[2]!.json)
  expect(Object.keys(top)).toEqual(['id', 'parent', 'created', 'architecture', 'os'])
  expect(top).toMatchObject({ id: layers[2]!.id, parent: FOLDERS[1] })
  expect(Object.keys(JSON.parse(layers[0]!.json))).toEqual(['id', 'created', 'container_config', 'os'])
})

it('chains the names of layers', () => {
  const [first, second, third] = DIFF_IDS as [Digest, Digest, Digest]
  expect(chainIds([])).toEqual([])
  expect(chainIds([first])).toEqual([first])
  // printf 'sha256:f1b5… sha256:9b9b…' | sha256sum, and so on.
  const chain = chainIds([first, second, third])
  expect(chain[0]).toBe(first)
  expect(chain[1]).toBe('sha256:c318fbba92645a83843c387bd78497e7b143ecc7f5ed99dcb7d38fc62442c02a')
  expect(chain[2]).toBe('sha256:6a5a0be96824dcf8f1c66795b6439e919470fecea27a937927f1b623439994f5')
})
