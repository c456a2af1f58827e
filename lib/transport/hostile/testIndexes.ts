import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { digestOf } from '../../spec/digest.ts'
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '../../spec/mediaTypes.ts'
import { hostPlatform } from '../../spec/platform.ts'
import { REF_NAME } from '../layoutIndex.ts'
import { layouts } from './testCase.ts'
import type { Changes, Json, Places } from './testLayout.ts'

/** index.json with its only descriptor changed. */
const entry = (changed: object): Changes => ({
  index: it => ({ ...it, manifests: [{ ...it.manifests[0], ...changed }] }),
})
const manifests = (of: (only: Json) => unknown): Changes => ({
  index: it => ({ ...it, manifests: of(it.manifests[0]) }),
})
const replaced = (what: keyof Places, by: (path: string, at: Places) => void): Changes => ({
  spoil(at) {
    rmSync(at[what], { recursive: true })
    by(at[what], at)
  },
})
const hex = 'a'.repeat(64)
const fifo = (path: string) => execFileSync('mkfifo', [path])
const device = (path: string) => execFileSync('mknod', [path, 'c', '1', '5'])
const folder = (path: string) => mkdirSync(path)

/** index.json is what a stranger wrote. */
export const indexCases = layouts([
  ['as it should be', 'whole', {}],
  ['empty', 'MANIFEST_INVALID', { index: () => '' }],
  ['null', 'MANIFEST_INVALID', { index: () => 'null' }],
  ['a list', 'MANIFEST_INVALID', { index: () => [] }],
  ['a text', 'MANIFEST_INVALID', { index: () => '"v0"' }],
  ['a number', 'MANIFEST_INVALID', { index: () => '2' }],
  ['cut short', 'MANIFEST_INVALID', { index: it => JSON.stringify(it).slice(0, -2) }],
  ['something after its end', 'MANIFEST_INVALID', { index: it => `${JSON.stringify(it)}{}` }],
  ['a byte order mark', 'MANIFEST_INVALID', { index: it => `\ufeff${JSON.stringify(it)}` }],
  ['UTF-16', 'MANIFEST_INVALID', { index: it => Buffer.from(JSON.stringify(it), 'utf16le') }],
  ['zeros after its end', 'MANIFEST_INVALID', { index: it => `${JSON.stringify(it)}\0\0` }],
  ['zeros alone', 'MANIFEST_INVALID', { index: () => Buffer.alloc(512) }],
  ['a text that is no UTF-8', 'MANIFEST_INVALID', { index: () => Buffer.from('{"\xff":1}', 'latin1') }],
  ['a comment', 'MANIFEST_INVALID', { index: it => `// v0\n${JSON.stringify(it)}` }],
  ['a tail comma', 'MANIFEST_INVALID', { index: it => JSON.stringify(it).replace(/}$/, ',}') }],
  ['over 4 MiB', 'TOO_LARGE', { index: it => `${JSON.stringify(it)}${' '.repeat(5 << 20)}` }],
  ['nested without an end', 'MANIFEST_INVALID', { index: () => '['.repeat(1 << 20) }],
  [
    'nested in what nobody reads',
    'MANIFEST_INVALID',
    { index: it => JSON.stringify({ ...it, x: 0 }).replace('"x":0', `"x":${'['.repeat(1e5)}${']'.repeat(1e5)}`) },
  ],
  ['no schemaVersion', 'MANIFEST_INVALID', { index: ({ manifests }) => ({ manifests }) }],
  ['schemaVersion 3', 'MANIFEST_INVALID', { index: it => ({ ...it, schemaVersion: 3 }) }],
  ['schemaVersion as a text', 'MANIFEST_INVALID', { index: it => ({ ...it, schemaVersion: '2' }) }],
  ['schemaVersion 1', 'UNSUPPORTED', { index: it => ({ ...it, schemaVersion: 1 }) }],
  ['a manifest’s mediaType', 'MANIFEST_INVALID', { index: it => ({ ...it, mediaType: OCI_MANIFEST }) }],
  ['a mediaType that is no text', 'MANIFEST_INVALID', { index: it => ({ ...it, mediaType: 7 }) }],
  ['layers too', 'MANIFEST_INVALID', { index: it => ({ ...it, layers: [] }) }],
  ['no manifests', 'MANIFEST_UNKNOWN', { index: ({ schemaVersion }) => ({ schemaVersion }) }],
  ['manifests null', 'MANIFEST_UNKNOWN', manifests(() => null)],
  ['manifests in an object', 'MANIFEST_INVALID', manifests(only => ({ 0: only }))],
  ['manifests as a text', 'MANIFEST_INVALID', manifests(() => 'v0')],
  ['a null among the manifests', 'MANIFEST_INVALID', manifests(only => [null, only])],
  ['a text among the manifests', 'MANIFEST_INVALID', manifests(only => [only, 'v1'])],
  ['manifests twice', 'MANIFEST_UNKNOWN', { index: it => JSON.stringify(it).replace(/}$/, ',"manifests":[]}') }],
  ['manifests in capitals', 'MANIFEST_UNKNOWN', { index: it => JSON.stringify(it).replace('manifests', 'MANIFESTS') }],
  ['a prototype', 'whole', { index: it => JSON.stringify(it).replace('{', '{"__proto__":{"manifests":[]},') }],
  ['no digest', 'DIGEST_INVALID', entry({ digest: undefined })],
  ['a digest that is a path', 'DIGEST_INVALID', entry({ digest: 'sha256:../../../victim/secret' })],
  ['a digest that is a name of the host', 'DIGEST_INVALID', entry({ digest: 'sha256:/etc/hostname' })],
  ['an algorithm that is a path', 'DIGEST_INVALID', entry({ digest: `../../victim:${hex}` })],
  ['no algorithm', 'DIGEST_INVALID', entry({ digest: hex })],
  ['an algorithm nobody knows', 'DIGEST_INVALID', entry({ digest: `sha3:${hex}` })],
  ['MD5', 'DIGEST_INVALID', entry({ digest: `md5:${hex.slice(32)}` })],
  ['a digest in capitals', 'DIGEST_INVALID', entry({ digest: `sha256:${hex.toUpperCase()}` })],
  ['a digest of 63 digits', 'DIGEST_INVALID', entry({ digest: `sha256:${hex.slice(1)}` })],
  ['a digest of 65 digits', 'DIGEST_INVALID', entry({ digest: `sha256:a${hex}` })],
  ['a digest with a line after it', 'DIGEST_INVALID', entry({ digest: `sha256:${hex}\n` })],
  ['a digest with NUL after it', 'DIGEST_INVALID', entry({ digest: `sha256:${hex}\0` })],
  ['a digest in a list', 'DIGEST_INVALID', entry({ digest: [`sha256:${hex}`] })],
  ['a digest of nothing here', 'BLOB_UNKNOWN', entry({ digest: `sha256:${hex}` })],
  ['no size', 'SIZE_INVALID', entry({ size: undefined })],
  ['a negative size', 'SIZE_INVALID', entry({ size: -1 })],
  ['half a byte', 'SIZE_INVALID', entry({ size: 1.5 })],
  ['a size as a text', 'SIZE_INVALID', entry({ size: '1' })],
  ['a size beyond counting', 'SIZE_INVALID', entry({ size: 2 ** 63 })],
  ['a size without end', 'SIZE_INVALID', { index: it => JSON.stringify(it).replace(/"size":\d+/, '"size":1e999') }],
  ['a size too small', 'SIZE_INVALID', entry({ size: 1 })],
  ['a size too large', 'SIZE_INVALID', entry({ size: 4096 })],
  ['no mediaType in a descriptor', 'MANIFEST_INVALID', entry({ mediaType: undefined })],
  ['annotations with a number', 'MANIFEST_INVALID', entry({ annotations: { [REF_NAME]: 'v0', n: 1 } })],
  ['annotations in a list', 'MANIFEST_INVALID', entry({ annotations: ['v0'] })],
  ['a name with NUL after it', 'MANIFEST_UNKNOWN', entry({ annotations: { [REF_NAME]: 'v0\0' } })],
  ['a name with a line after it', 'MANIFEST_UNKNOWN', entry({ annotations: { [REF_NAME]: 'v0\n' } })],
  ['a name that moves the cursor', 'MANIFEST_UNKNOWN', entry({ annotations: { [REF_NAME]: '\x1b[2Jv0' } })],
  ['a platform that is a text', 'MANIFEST_INVALID', entry({ platform: 'linux/amd64' })],
  ['a manifest called an index', 'MANIFEST_INVALID', entry({ mediaType: OCI_INDEX })],
  ['a manifest called a Docker list', 'MANIFEST_INVALID', entry({ mediaType: DOCKER_LIST })],
  ['a manifest called a picture', 'whole', entry({ mediaType: 'image/png' })],
  ['one name for two', 'LAYOUT_INVALID', manifests(only => [only, { ...only, digest: digestOf('other') }])],
  ['one name for one, twice', 'whole', manifests(only => [only, only])],
  [
    'ten thousand others',
    'whole',
    manifests(only => [
      ...Array.from({ length: 10_000 }, (_, i) => ({ ...only, annotations: { [REF_NAME]: `other-${i}` } })),
      only,
    ]),
  ],
  ['indexes in indexes, as many as are allowed', 'whole', nested(4)],
  ['indexes in indexes, one too many', 'MANIFEST_INVALID', nested(5)],
  ['an index in a circle', 'DIGEST_INVALID', circle()],
])

/** The files of a layout are not what they should be. */
export const fileCases = layouts([
  ['oci-layout missing', 'LAYOUT_INVALID', { spoil: at => rmSync(at.version) }],
  ['oci-layout empty', 'LAYOUT_INVALID', { version: '' }],
  ['oci-layout null', 'LAYOUT_INVALID', { version: 'null' }],
  ['oci-layout a list', 'LAYOUT_INVALID', { version: '["1.0.0"]' }],
  ['oci-layout without a version', 'LAYOUT_INVALID', { version: '{}' }],
  ['oci-layout of another version', 'LAYOUT_INVALID', { version: '{"imageLayoutVersion":"2.0.0"}' }],
  ['oci-layout with a number', 'LAYOUT_INVALID', { version: '{"imageLayoutVersion":1}' }],
  ['oci-layout with a space too many', 'LAYOUT_INVALID', { version: '{"imageLayoutVersion":"1.0.0 "}' }],
  ['oci-layout with a byte order mark', 'LAYOUT_INVALID', { version: '\ufeff{"imageLayoutVersion":"1.0.0"}' }],
  ['oci-layout without an end', 'TOO_LARGE', { version: `{"imageLayoutVersion":"1.0.0"}${' '.repeat(1 << 20)}` }],
  ['oci-layout a folder', 'LAYOUT_INVALID', replaced('version', folder)],
  ['oci-layout a fifo', 'LAYOUT_INVALID', replaced('version', fifo)],
  ['oci-layout a device', 'LAYOUT_INVALID', replaced('version', device)],
  ['oci-layout a link in a circle', 'LAYOUT_INVALID', replaced('version', path => symlinkSync('oci-layout', path))],
  ['index.json missing', 'LAYOUT_INVALID', { spoil: at => rmSync(at.index) }],
  ['index.json a folder', 'LAYOUT_INVALID', replaced('index', folder)],
  ['index.json a fifo', 'LAYOUT_INVALID', replaced('index', fifo)],
  ['index.json a device', 'LAYOUT_INVALID', replaced('index', device)],
  ['index.json a link to nothing', 'LAYOUT_INVALID', replaced('index', path => symlinkSync('nothing', path))],
  ['index.json a link to what never ends', 'LAYOUT_INVALID', replaced('index', path => symlinkSync('/dev/zero', path))],
  ['the layout a file', 'LAYOUT_INVALID', replaced('layout', path => writeFileSync(path, ''))],
  ['the layout a fifo', 'LAYOUT_INVALID', replaced('layout', fifo)],
  ['blobs missing', 'BLOB_UNKNOWN', { spoil: at => rmSync(dirname(at.blobs), { recursive: true }) }],
  ['blobs a file', 'BLOB_UNKNOWN', replaced('blobs', path => writeFileSync(path, ''))],
  [
    'blobs elsewhere, by a link',
    'whole',
    {
      spoil(at) {
        cpSync(at.blobs, `${at.layout}/elsewhere`, { recursive: true })
        rmSync(at.blobs, { recursive: true })
        symlinkSync(`${at.layout}/elsewhere`, at.blobs)
      },
    },
  ],
  ...(['manifest', 'config', 'layer'] as const).flatMap((what): Parameters<typeof layouts>[0] => {
    const expected = (code: 'BLOB_UNKNOWN' | 'DIGEST_INVALID' | 'SIZE_INVALID') =>
      what === 'layer' ? { blob: code } : code
    return [
      [`the ${what} missing`, expected('BLOB_UNKNOWN'), { spoil: at => rmSync(at[what]) }],
      [`the ${what} a folder`, expected('BLOB_UNKNOWN'), replaced(what, folder)],
      [`the ${what} a fifo`, expected('BLOB_UNKNOWN'), replaced(what, fifo)],
      [`the ${what} a device`, expected('BLOB_UNKNOWN'), replaced(what, device)],
      [`the ${what} a link to nothing`, expected('BLOB_UNKNOWN'), replaced(what, path => symlinkSync('x', path))],
      [
        `the ${what} a link to a fifo of the neighbour`,
        expected('BLOB_UNKNOWN'),
        replaced(what, (path, at) => symlinkSync(`${dirname(at.secret)}/pipe`, path)),
      ],
      [
        `the ${what} a link to what never ends`,
        expected('BLOB_UNKNOWN'),
        replaced(what, path => symlinkSync('/dev/zero', path)),
      ],
      [`the ${what} empty`, expected('SIZE_INVALID'), { spoil: at => truncateSync(at[what]) }],
      [`the ${what} with a tail`, expected('SIZE_INVALID'), { spoil: at => truncateSync(at[what], 1 << 20) }],
      [
        `the ${what} something else`,
        expected('SIZE_INVALID'),
        replaced(what, path => writeFileSync(path, 'something else')),
      ],
      [
        `the ${what} by a link`,
        'whole',
        {
          spoil(at) {
            renameSync(at[what], `${at.layout}/moved`)
            symlinkSync('../../moved', at[what])
          },
        },
      ],
    ]
  }),
])

/** The image is so many indexes down. */
function nested(depth: number): Changes {
  return {
    spoil(at) {
      const outer = JSON.parse(String(execFileSync('cat', [at.index])))
      let [below] = outer.manifests
      for (let i = 0; i < depth; i++) {
        const raw = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [{ ...below, ...platform }] })
        const digest = digestOf(raw)
        writeFileSync(`${at.blobs}/${digest.slice(7)}`, raw)
        below = { mediaType: OCI_INDEX, digest, size: raw.length, annotations: { [REF_NAME]: 'v0' } }
      }
      writeFileSync(at.index, JSON.stringify({ schemaVersion: 2, manifests: [below] }))
    },
  }
}

/** No digest can be made to fit: this one lies. */
function circle(): Changes {
  return {
    spoil(at) {
      const digest = digestOf('circle')
      const self = { mediaType: OCI_INDEX, digest, size: 0, annotations: { [REF_NAME]: 'v0' }, ...platform }
      const size = JSON.stringify({ schemaVersion: 2, manifests: [self] }).length + 2
      const raw = JSON.stringify({ schemaVersion: 2, manifests: [{ ...self, size }] })
      writeFileSync(`${at.blobs}/${digest.slice(7)}`, raw)
      writeFileSync(at.index, raw)
    },
  }
}

const platform = { platform: hostPlatform() }
