import { describe, expect, it } from 'vitest'
import type { ImageConfig } from '../spec/imageConfig.ts'
import { runtimeSpecFor } from './fromImage.ts'

const image: ImageConfig = {
  architecture: 'amd64',
  os: 'linux',
  created: '2020-05-07T00:00:00Z',
  config: {
    Env: ['PATH=/jdk/bin', 'LANG=C.UTF-8'],
    Entrypoint: ['java', '-jar'],
    Cmd: ['app.jar'],
    WorkingDir: '/srv',
    Volumes: { '/data': {}, '/cache': {} },
    ExposedPorts: { '8000/tcp': {}, '53/udp': {} },
    Labels: { 'org.opencontainers.image.os': 'label wins', team: 'oci' },
    StopSignal: 'SIGINT',
  },
  rootfs: { type: 'layers', diff_ids: [] },
}

describe('an image config as runtime config', () => {
  const spec = runtimeSpecFor(image, { passwd: '', group: '' })

  it('joins entrypoint and command', () => expect(spec.process?.args).toEqual(['java', '-jar', 'app.jar']))
  it('keeps the environment and adds what is absent', () =>
    expect(spec.process?.env).toEqual(['PATH=/jdk/bin', 'LANG=C.UTF-8', 'TERM=xterm', 'HOME=/']))
  it('takes the working directory', () => expect(spec.process?.cwd).toBe('/srv'))
  it('gives each volume a mount', () =>
    expect(spec.mounts?.slice(-2).map(mount => mount.destination)).toEqual(['/cache', '/data']))
  it('tells of the image, and lets labels win', () =>
    expect(spec.annotations).toEqual({
      'org.opencontainers.image.os': 'label wins',
      'org.opencontainers.image.architecture': 'amd64',
      'org.opencontainers.image.created': '2020-05-07T00:00:00Z',
      'org.opencontainers.image.stopSignal': 'SIGINT',
      'org.opencontainers.image.exposedPorts': '53/udp,8000/tcp',
      team: 'oci',
    }))
  it('runs the default when the image says nothing', () =>
    expect(runtimeSpecFor({ ...image, config: undefined }, { passwd: '', group: '' }).process).toMatchObject({
      args: ['sh'],
      cwd: '/',
    }))
})

describe('an image config of a stranger', () => {
  const specOf = (config: ImageConfig['config']) => runtimeSpecFor({ ...image, config }, { passwd: '', group: '' })

  it.each<[ImageConfig['config'], string]>([
    [{ Cmd: ['a\0b'] }, 'Entrypoint: has a NUL'],
    [{ Env: ['A=\0'] }, 'Env: has a NUL'],
    [{ Env: ['=x'] }, 'Env: no name: "=x"'],
    [{ WorkingDir: '/\0' }, 'WorkingDir: has a NUL'],
    [{ Volumes: { '/v/..': {} } }, 'Volumes: "/v/..": the root cannot be a volume'],
    [{ User: 'a:b:c' }, 'User: want user[:group], got "a:b:c"'],
  ])('%j', (config, said) =>
    expect(() => specOf(config)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(`config: ${said}`) }),
    ),
  )

  it('volumes are each once, those above before those in them', () =>
    expect(
      specOf({ Volumes: { 'v/w': {}, '/z': {}, '/v/': {}, '/x/../v': {} } })
        .mounts?.slice(-3)
        .map(({ destination }) => destination),
    ).toEqual(['/v', '/z', '/v/w']))

  it('a label that no annotation can be is none', () =>
    expect(Object.keys(specOf({ Labels: { '': 'x', 'a\0': 'x', b: '\0', c: 'd' } }).annotations!)).toEqual([
      ...['os', 'architecture', 'created'].map(name => `org.opencontainers.image.${name}`),
      'c',
    ]))
})
