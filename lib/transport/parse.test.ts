import { describe, expect, it } from 'vitest'
import { isOciError } from '../errors.ts'
import { parseTransport } from './parse.ts'

const hex = 'a'.repeat(64)

describe('parseTransport', () => {
  it.each([
    'oci:/tmp/layout',
    'oci:layout:v0',
    'oci:layout:with:colons:tag',
    'oci:layout:registry.example/a_b/c--d@x:v1',
    'oci-archive:a.tar',
    'oci-archive:a.tar:v0',
    'docker-archive:a.tar',
    'docker-archive:a.tar:docker.io/library/demo:v0',
    'docker-archive:a.tar:@1',
    'docker-archive:a.tar:localhost:5000/demo:v0',
    'dir:/tmp/with:colon',
    'docker-daemon:docker.io/library/demo:v0',
    `docker-daemon:sha256:${hex}`,
    'docker://localhost:5000/demo:v0',
  ])('%s comes back as it was', name => {
    expect(parseTransport(name).name).toBe(name)
    expect(parseTransport(parseTransport(name).name).name).toBe(name)
  })

  it('fills in what docker leaves unsaid, once', () => {
    expect(parseTransport('docker-archive:a.tar:demo').name).toBe('docker-archive:a.tar:docker.io/library/demo:latest')
    expect(parseTransport('docker-daemon:demo:v0').name).toBe('docker-daemon:docker.io/library/demo:v0')
  })

  it.each([
    ['', 'TRANSPORT:REFERENCE'],
    ['demo', 'TRANSPORT:REFERENCE'],
    ['foo:bar', 'docker-archive'],
    ['constructor:x', 'docker-archive'],
    ['__proto__:x', 'docker-archive'],
    ['oci:', 'oci:PATH'],
    ['oci::v0', 'oci:PATH'],
    ['oci:x:..', 'not a name'],
    ['oci:x:a b', 'not a name'],
    ['oci:x:a\nb', 'not a name'],
    ['oci:x:-a', 'not a name'],
    ['oci:x\0y', 'no path'],
    ['oci-archive:', 'oci-archive:PATH'],
    ['docker-archive:', 'docker-archive:PATH'],
    ['docker-archive:x:UPPER', 'lower case'],
    [`docker-archive:x:a@sha256:${hex}`, 'tags only'],
    ['docker-archive:x:a:b:c', 'NAME'],
    ['dir:', 'dir:PATH'],
    ['docker-daemon:demo', 'neither a tag nor a digest'],
    ['docker-daemon:', 'NAME'],
    ['docker:demo', 'docker://'],
    ['docker://', ''],
    ['docker://user:secret@host/x', ''],
  ])('%j is refused and says what it wants', (name, message) => {
    try {
      parseTransport(name)
    } catch (error) {
      expect(isOciError(error, 'REFERENCE_INVALID'), String(error)).toBe(true)
      expect((error as Error).message).toContain(message)
      expect((error as Error).message.split('\n')).toHaveLength(1)
      return
    }
    expect.unreachable(`${name} was taken`)
  })
})
