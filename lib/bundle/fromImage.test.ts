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
