import { describe, expect, it } from 'vitest'
import { defaultSpec } from '../bundle/defaultSpec.ts'
import { EMPTY_DESCRIPTOR } from './descriptor.ts'
import { digestOf } from './digest.ts'
import { type SchemaKind, validate } from './schema.ts'

const digest = digestOf('x')
const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 1 }
const layer = { ...descriptor, mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' }

describe('the specs’ own schemas', () => {
  it.each<[SchemaKind, unknown]>([
    ['descriptor', EMPTY_DESCRIPTOR],
    ['manifest', { schemaVersion: 2, config: descriptor, layers: [layer] }],
    [
      'index',
      { schemaVersion: 2, manifests: [{ ...descriptor, mediaType: 'application/vnd.oci.image.manifest.v1+json' }] },
    ],
    ['layout', { imageLayoutVersion: '1.0.0' }],
    ['config', { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digest] } }],
    ['runtime', defaultSpec()],
    ['runtime', defaultSpec({ rootless: true, profile: '2020' })],
  ])('a good %s passes', (kind, value) => expect(() => validate(kind, value, 'here')).not.toThrow())

  it.each<[SchemaKind, unknown, string]>([
    ['manifest', { schemaVersion: 1, config: descriptor, layers: [layer] }, '/schemaVersion'],
    ['manifest', { schemaVersion: 2, config: descriptor }, 'layers'],
    ['descriptor', { ...descriptor, size: -1 }, '/size'],
    ['layout', { imageLayoutVersion: '9' }, '/imageLayoutVersion'],
    ['config', { architecture: 'amd64', os: 'linux' }, 'rootfs'],
    ['runtime', { ...defaultSpec(), process: { ...defaultSpec().process, cwd: 1 } }, '/process/cwd'],
  ])('a bad %s is refused, naming the field', (kind, value, field) =>
    expect(() => validate(kind, value, 'here')).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/_INVALID$/), message: expect.stringContaining(field) }),
    ),
  )
})
