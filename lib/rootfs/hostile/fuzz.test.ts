import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bytesOf, collect } from '../../bytes/collect.ts'
import { decompressed } from '../../bytes/compression.ts'
import { readTar } from '../../bytes/readTar.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { parseDockerfile } from '../../engine/build/dockerfile/dockerfile.ts'
import { isOciError } from '../../errors.ts'
import { flatten } from '../../image/flatten.ts'
import { parseAddress } from '../../network/address.ts'
import { parseLink } from '../../network/link.ts'
import { attribute, concat, parseAttributes, parseMessages, text, u32, writeMessage } from '../../network/message.ts'
import { parseRoute } from '../../network/route.ts'
import { parseImageConfig } from '../../spec/imageConfig.ts'
import { parseIndex, parseManifest } from '../../spec/manifest.ts'
import { parseReference, showReference } from '../../spec/reference.ts'
import { parseTransport } from '../../transport/parse.ts'
import { parseChallenges } from '../../transport/registry/wire/challenge.ts'
import { parseErrors } from '../../transport/registry/wire/errors.ts'
import { parseNextLink, parseTagList } from '../../transport/registry/wire/lists.ts'
import { parseContentRange, parseRange, parseUploadRange } from '../../transport/registry/wire/range.ts'
import { parseScopes } from '../../transport/registry/wire/scope.ts'
import { parseTokenResponse } from '../../transport/registry/wire/token.ts'
import { tarMembers } from '../../transport/tarMembers.ts'
import { testFolder, testImage } from '../../transport/testImages.ts'
import { tarInput } from '../testLayers.ts'
import { imageOfLayers } from './testCase.ts'
import { linkCases, moreLinkCases } from './testLinks.ts'
import { mutated, random } from './testRandom.ts'
import { tarCases } from './testTars.ts'

// Every parser of what comes from outside is given what was right and then changed at random. It answers, or throws an
// error of ours: no other, never without an end. OCILAB_SWEEP=1 takes a minute for each parser; the seed is printed.
const SWEEP = process.env.OCILAB_SWEEP === '1'
const MILLISECONDS = SWEEP ? 60_000 : 1_000
const SEED = Number(process.env.OCILAB_SEED ?? 1)
const folder = testFolder()
const utf8 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

const image = await testImage()
const [manifest, config] = [image.raw('manifest'), image.raw('config')]
const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [image.descriptor] }))
const tars = [
  ...tarCases.map(([, layers]) => layers[0] as Buffer).filter(bytes => bytes.length < 20_000),
  ...(await Promise.all(
    [...linkCases, ...moreLinkCases].map(async ([, [layer]]) =>
      Buffer.from(await collect(writeTar((layer as [string, object][]).map(([path, it]) => tarInput(path, it))))),
    ),
  )),
]
const link = concat(
  new Uint8Array(16),
  text(3, 'runc0'),
  u32(10, 7),
  attribute(18, concat(text(1, 'veth'), attribute(2, u32(1, 4)))),
)

async function membersOf(bytes: Uint8Array): Promise<string[]> {
  const names: string[] = []
  for await (const { path, body } of readTar(bytesOf(bytes), 'fuzz')) {
    names.push(path.toString('latin1'))
    await collect(body)
  }
  return names
}

const plain = (name: string) =>
  name
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/')

const PARSERS: [name: string, seeds: Uint8Array[], parse: (bytes: Buffer) => unknown][] = [
  ['tar', tars, membersOf],
  // Two readers of one tar: what both take, they take for the same members.
  [
    'tar, by both readers',
    tars,
    async bytes => {
      const file = join(folder, 'fuzz.tar')
      writeFileSync(file, bytes)
      const scanned = await tarMembers(file, 'fuzz')
      const read = await membersOf(bytes)
      expect([...scanned.keys()].sort()).toEqual([...new Set(read.map(plain))].sort())
    },
  ],
  ['layers laid over each other', tars, async bytes => collect(flatten(await imageOfLayers([tars[0]!, bytes])))],
  [
    'gzip',
    [gzipSync(tars[0]!), Buffer.concat([gzipSync('a'), gzipSync('b')])],
    bytes => collect(decompressed(bytesOf(bytes), 'fuzz')),
  ],
  [
    'zstd',
    [zstdCompressSync(tars[0]!), Buffer.concat([zstdCompressSync('a'), zstdCompressSync('b')])],
    bytes => collect(decompressed(bytesOf(bytes), 'fuzz'), 64 << 20),
  ],
  ['manifest', [manifest], bytes => parseManifest(bytes, 'fuzz')],
  ['index', [index], bytes => parseIndex(bytes, 'fuzz')],
  ['config', [config], bytes => parseImageConfig(bytes, 'fuzz')],
  [
    'reference',
    ['localhost:5000/a/b:v0', `x@${image.descriptor.digest}`, '[::1]:5000/x'].map(it => Buffer.from(it)),
    bytes => {
      const parsed = parseReference(utf8(bytes))
      expect(parseReference(showReference(parsed))).toEqual(parsed)
    },
  ],
  [
    'place',
    ['docker://x/y:z', 'oci:a:b', 'docker-archive:a.tar:@1', 'dir:/x', 'oci-archive:x:y', 'docker-daemon:x:y'].map(it =>
      Buffer.from(it),
    ),
    bytes => {
      const { name } = parseTransport(utf8(bytes))
      expect(parseTransport(name).name).toBe(name)
    },
  ],
  [
    'netlink',
    [
      concat(
        writeMessage({ type: 16, flags: 0, sequence: 1, body: link }),
        writeMessage({ type: 3, flags: 0, sequence: 1, body: new Uint8Array(4) }),
      ),
    ],
    bytes =>
      parseMessages(bytes).map(({ body }) =>
        [parseLink, parseAddress, parseRoute, parseAttributes].map(parse => parse(body)),
      ),
  ],
  [
    'WWW-Authenticate',
    ['Negotiate, Bearer realm="https://x/t",service="a\\"b",scope="r:x:pull", Basic realm=x'].map(it =>
      Buffer.from(it),
    ),
    bytes => parseChallenges(utf8(bytes)),
  ],
  [
    'headers',
    ['bytes 0-9/10', 'bytes=0-5', '0-9', '</v2/_catalog?last=a&n=2>; rel="next"', 'repository:a/b:pull,push'].map(it =>
      Buffer.from(it),
    ),
    bytes => [
      parseContentRange(utf8(bytes)),
      parseRange(utf8(bytes), 10),
      parseUploadRange(utf8(bytes)),
      parseNextLink(utf8(bytes)),
      parseScopes(utf8(bytes)),
    ],
  ],
  [
    'answers',
    ['{"token":"t","expires_in":60}', '{"errors":[{"code":"DENIED","message":"m"}]}', '{"name":"a","tags":["b"]}'].map(
      it => Buffer.from(it),
    ),
    bytes => {
      parseErrors(bytes)
      for (const parse of [parseTokenResponse, parseTagList])
        try {
          parse(bytes, 'fuzz')
        } catch (error) {
          if (!isOciError(error)) throw error
        }
    },
  ],
  [
    'Dockerfile',
    [
      '# syntax=x\nFROM a AS b\nARG X=$Y\nRUN --mount=type=bind,from=b,target=/x <<EOF\nhi\nEOF\nCOPY --chown=1:2 ["a", "b"]\nHEALTHCHECK --interval=5s CMD x\nENV A="b c" D=e\\\n f\nONBUILD RUN y\n',
    ].map(it => Buffer.from(it)),
    bytes => parseDockerfile(bytes.toString()),
  ],
]

describe.each(PARSERS)('%s', (_name, seeds, parse) => {
  it('answers, or throws an error of ours', { timeout: MILLISECONDS + 60_000 }, async () => {
    const next = random(SEED)
    let [cases, answered] = [0, 0]
    for (const begun = Date.now(); Date.now() - begun < MILLISECONDS; cases++) {
      const bytes = mutated(seeds[Math.floor(next() * seeds.length)]!, next)
      try {
        await parse(bytes)
        answered++
      } catch (error) {
        if (isOciError(error)) continue
        throw new Error(`case ${cases} of seed ${SEED}: ${bytes.toString('base64').slice(0, 4000)}`, { cause: error })
      }
    }
    if (SWEEP) console.log(`${_name}: ${cases} cases, ${answered} answered`)
    expect(cases).toBeGreaterThan(10)
  })
})
