import { gzipSync, zstdCompressSync } from 'node:zlib'
import { digestOf } from '../../spec/digest.ts'
import { DOCKER_MANIFEST, OCI_CONFIG, OCI_LAYER, OCI_LAYER_ZSTD } from '../../spec/mediaTypes.ts'
import { layouts } from './testCase.ts'
import { type Changes, type Json, LAYER, TAR } from './testLayout.ts'

const manifest = (changed: object): Changes => ({ manifest: it => ({ ...it, ...changed }) })
const layers = (of: (only: Json) => unknown): Changes => ({ manifest: it => ({ ...it, layers: of(it.layers[0]) }) })
const config = (changed: object): Changes => ({ config: it => ({ ...it, ...changed }) })
const rootfs = (changed: object): Changes => ({ config: it => ({ ...it, rootfs: { ...it.rootfs, ...changed } }) })
const process = (changed: object): Changes => config({ config: changed })
const deep = `${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`
const foreign = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'

/** The manifest fits its digest, and is hostile all the same. */
export const manifestCases = layouts([
  ['null', 'MANIFEST_INVALID', { manifest: () => 'null' }],
  ['no JSON', 'MANIFEST_INVALID', { manifest: () => 'v0' }],
  ['a byte order mark', 'MANIFEST_INVALID', { manifest: it => `\ufeff${JSON.stringify(it)}` }],
  ['over 4 MiB', 'TOO_LARGE', { manifest: it => `${JSON.stringify(it)}${' '.repeat(5 << 20)}` }],
  ['nested without an end', 'MANIFEST_INVALID', { manifest: it => JSON.stringify(it).replace('{', `{"x":${deep},`) }],
  ['schema 1', 'UNSUPPORTED', { manifest: () => ({ schemaVersion: 1, name: 'x', fsLayers: [] }) }],
  ['manifests too', 'MANIFEST_INVALID', manifest({ manifests: [] })],
  ['another type than it was called', 'MANIFEST_INVALID', manifest({ mediaType: DOCKER_MANIFEST })],
  ['a type that is no text', 'MANIFEST_INVALID', manifest({ mediaType: {} })],
  ['no config', 'MANIFEST_INVALID', manifest({ config: undefined })],
  ['a config in a list', 'MANIFEST_INVALID', { manifest: it => ({ ...it, config: [it.config] }) }],
  ['no layers', 'MANIFEST_INVALID', manifest({ layers: undefined })],
  ['layers null', 'MANIFEST_INVALID', manifest({ layers: null })],
  ['layers in an object', 'MANIFEST_INVALID', layers(only => ({ 0: only }))],
  ['fewer layers than diff_ids', 'MANIFEST_INVALID', layers(() => [])],
  ['more layers than diff_ids', 'MANIFEST_INVALID', layers(only => [only, only])],
  ['layers twice', 'MANIFEST_INVALID', { manifest: it => JSON.stringify(it).replace(/}$/, ',"layers":[]}') }],
  ['a layer that is null', 'MANIFEST_INVALID', layers(() => [null])],
  ['a layer whose digest is a path', 'DIGEST_INVALID', layers(only => [{ ...only, digest: 'sha256:../../victim' }])],
  ['a layer of a negative size', 'SIZE_INVALID', layers(only => [{ ...only, size: -1 }])],
  ['a layer one byte too small', { blob: 'SIZE_INVALID' }, layers(only => [{ ...only, size: only.size - 1 }])],
  ['a layer one byte too large', { blob: 'SIZE_INVALID' }, layers(only => [{ ...only, size: only.size + 1 }])],
  ['a layer that is nowhere', { blob: 'BLOB_UNKNOWN' }, layers(only => [{ ...only, digest: digestOf('nowhere') }])],
  [
    'a layer that is the config',
    { tar: 'DIFF_ID_INVALID' },
    { manifest: it => ({ ...it, layers: [{ ...it.config, mediaType: it.layers[0].mediaType }] }) },
  ],
  [
    'a config that is the layer',
    'MANIFEST_INVALID',
    { manifest: it => ({ ...it, config: { ...it.layers[0], mediaType: OCI_CONFIG } }) },
  ],
  [
    'a layer that is a picture',
    { artifact: 'MEDIA_TYPE_UNKNOWN' },
    layers(only => [{ ...only, mediaType: 'image/png' }]),
  ],
  [
    'a config that is a picture',
    { artifact: 'MEDIA_TYPE_UNKNOWN' },
    { manifest: it => ({ ...it, config: { ...it.config, mediaType: 'image/png' } }) },
  ],
  [
    'a layer with addresses elsewhere',
    'whole',
    layers(only => [{ ...only, urls: ['file:///etc/passwd', 'http://169.254.169.254/'] }]),
  ],
  [
    'a foreign layer with an address',
    'whole',
    layers(only => [{ ...only, mediaType: foreign, urls: ['http://127.0.0.1:1/'] }]),
  ],
  ['contents in the descriptor that are others', 'whole', layers(only => [{ ...only, data: 'YmFk' }])],
  [
    'a subject that is a path',
    'DIGEST_INVALID',
    manifest({ subject: { mediaType: 'x', digest: 'sha256:../x', size: 1 } }),
  ],
  ['gzip that is called a tar', 'whole', layers(only => [{ ...only, mediaType: OCI_LAYER }])],
  ['gzip that is called zstd', 'whole', layers(only => [{ ...only, mediaType: OCI_LAYER_ZSTD }])],
  ['a tar that is called gzip', 'whole', { layer: TAR }],
  ['zstd that is called gzip', 'whole', { layer: zstdCompressSync(TAR) }],
  ['gzip cut short', { tar: 'GZIP_INVALID' }, { layer: LAYER.subarray(0, -6) }],
  ['gzip with something after it', { tar: 'GZIP_INVALID' }, { layer: Buffer.concat([LAYER, Buffer.from('tail')]) }],
  ['gzip in gzip', { tar: 'DIFF_ID_INVALID' }, { layer: gzipSync(LAYER) }],
  ['zstd cut short', { tar: 'ZSTD_INVALID' }, { layer: zstdCompressSync(TAR).subarray(0, -4) }],
  ['another tar than the config promises', { tar: 'DIFF_ID_INVALID' }, { layer: gzipSync(Buffer.alloc(1024)) }],
  ['a layer of nothing', { tar: 'DIFF_ID_INVALID' }, { layer: Buffer.alloc(0) }],
])

/** The config fits its digest, and is hostile all the same. */
export const configCases = layouts([
  ['null', 'MANIFEST_INVALID', { config: () => 'null' }],
  ['a list', 'MANIFEST_INVALID', { config: () => [] }],
  ['empty', 'MANIFEST_INVALID', { config: () => '' }],
  ['no UTF-8', 'MANIFEST_INVALID', { config: () => Buffer.from('{"\xe4":1}', 'latin1') }],
  ['nested without an end', 'MANIFEST_INVALID', { config: it => JSON.stringify(it).replace('{', `{"x":${deep},`) }],
  ['over 8 MiB', 'TOO_LARGE', { config: it => `${JSON.stringify(it)}${' '.repeat(9 << 20)}` }],
  ['no rootfs', 'MANIFEST_INVALID', config({ rootfs: undefined })],
  ['rootfs null', 'MANIFEST_INVALID', config({ rootfs: null })],
  ['rootfs of another type', 'MANIFEST_INVALID', rootfs({ type: 'zip' })],
  ['diff_ids null', 'MANIFEST_INVALID', rootfs({ diff_ids: null })],
  ['diff_ids a text', 'MANIFEST_INVALID', rootfs({ diff_ids: digestOf(TAR) })],
  ['diff_ids with a number', 'DIGEST_INVALID', rootfs({ diff_ids: [1] })],
  ['a diff_id that is a path', 'DIGEST_INVALID', rootfs({ diff_ids: ['sha256:../../../victim/secret'] })],
  ['a diff_id of another algorithm', 'DIGEST_INVALID', rootfs({ diff_ids: [`md5:${'a'.repeat(32)}`] })],
  ['the diff_id of another tar', { tar: 'DIFF_ID_INVALID' }, rootfs({ diff_ids: [digestOf('other')] })],
  ['history that is no list', 'MANIFEST_INVALID', config({ history: {} })],
  ['history with a null', 'MANIFEST_INVALID', config({ history: [null] })],
  ['history longer than the layers', 'whole', config({ history: Array(50).fill({ created_by: 'x' }) })],
  ['history of empty layers alone', 'whole', config({ history: [{ empty_layer: true }] })],
  ['history with a text for true', 'MANIFEST_INVALID', config({ history: [{ empty_layer: 'yes' }] })],
  ['created is no time', 'whole', config({ created: 'yesterday' })],
  ['created is a number', 'MANIFEST_INVALID', config({ created: 7 })],
  ['created before and after all times', 'whole', config({ created: '-999999-01-01T00:00:00Z' })],
  ['no architecture', 'whole', config({ architecture: undefined })],
  ['an architecture that is a path', 'whole', config({ architecture: '../../victim' })],
  ['os a number', 'MANIFEST_INVALID', config({ os: 7 })],
  ['config a list', 'MANIFEST_INVALID', config({ config: [] })],
  ['config null', 'whole', config({ config: null })],
  ['Env a text', 'MANIFEST_INVALID', process({ Env: 'A=b' })],
  ['Env with a null', 'MANIFEST_INVALID', process({ Env: [null] })],
  ['Cmd a text', 'MANIFEST_INVALID', process({ Cmd: '/bin/sh' })],
  ['Entrypoint with a list', 'MANIFEST_INVALID', process({ Entrypoint: [['sh']] })],
  ['User a number', 'MANIFEST_INVALID', process({ User: 0 })],
  ['WorkingDir a list', 'MANIFEST_INVALID', process({ WorkingDir: ['/'] })],
  ['Volumes a list', 'MANIFEST_INVALID', process({ Volumes: ['/x'] })],
  ['Labels with a number', 'MANIFEST_INVALID', process({ Labels: { a: 1 } })],
  [
    'Labels called __proto__',
    'whole',
    { config: it => JSON.stringify({ ...it, config: { Labels: { X: 'y' } } }).replace('"X"', '"__proto__"') },
  ],
])
