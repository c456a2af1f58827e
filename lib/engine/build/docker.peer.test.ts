import { existsSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDockerd, type TestDockerd } from '../../transport/testDockerd.ts'
import { testFolder } from '../../transport/testImages.ts'
import { type BuildOptions, build } from './build.ts'
import { writeContext } from './corpus/testCase.ts'
import { storeWithBase } from './corpus/testCorpus.ts'

const folder = testFolder()
const store = `${folder}/store`
const context = writeContext({
  dockerfile:
    'FROM base:v1\nRUN rm /data/file && echo made > /made && chmod 4755 /made\nCOPY --chown=ann f /f\nUSER ann\nWORKDIR /home\nHEALTHCHECK CMD true\nONBUILD RUN x\nENTRYPOINT ["sh", "-c"]\nCMD ["cat /f /made; id -u; pwd; ls /data; stat -c %a:%u /made /f"]',
  files: { f: 'copied\n' },
})
let dockerd: TestDockerd

beforeAll(async () => {
  await storeWithBase(store)
  dockerd = await startDockerd()
})
afterAll(async () => {
  await dockerd.stop()
  context.remove()
})

const make = (options: BuildOptions) => build(context.path, { store, tags: ['ours:v0'], ...options })

describe('docker', () => {
  it('loads what we built, and runs it', async () => {
    const archive = `${folder}/ours.tar`
    const { id } = await make({ outputs: [`docker-archive:${archive}`] })
    expect(await dockerd.docker('load', '-i', archive)).toContain('Loaded image: ours:v0')
    expect((await dockerd.docker('image', 'inspect', '-f', '{{.Id}}', 'ours:v0')).trim()).toBe(id)
    const { OnBuild, Healthcheck } = JSON.parse(
      await dockerd.docker('image', 'inspect', '-f', '{{json .Config}}', 'ours:v0'),
    )
    expect([OnBuild, Healthcheck]).toEqual([['RUN x'], { Test: ['CMD-SHELL', 'true'] }])
    expect(await dockerd.docker('run', '--rm', '--network', 'none', 'ours:v0')).toBe(
      'copied\nmade\n1000\n/home\nprivate\nup\n4755:0\n644:1000\n',
    )
  })

  it('gets it over its socket', async () => {
    const before = process.env.DOCKER_HOST
    process.env.DOCKER_HOST = `unix://${dockerd.socket}`
    try {
      const { id } = await make({ tags: ['socket:v1'], outputs: ['docker-daemon:socket:v1'] })
      expect((await dockerd.docker('image', 'inspect', '-f', '{{.Id}}', 'socket:v1')).trim()).toBe(id)
    } finally {
      if (before === undefined) delete process.env.DOCKER_HOST
      else process.env.DOCKER_HOST = before
    }
  })
})

it.each([
  ['oci:OUT/layout', 'layout/index.json'],
  ['type=oci,dest=OUT/oci.tar', 'oci.tar'],
  ['type=docker,dest=OUT/docker.tar', 'docker.tar'],
  ['type=tar,dest=OUT/files.tar', 'files.tar'],
  ['OUT/files', 'files/made'],
])('--output %s', async (output, want) => {
  await make({ outputs: [output.replace('OUT', folder)] })
  expect(existsSync(`${folder}/${want}`)).toBe(true)
  expect(readdirSync(folder).filter(name => name.includes('.ocilab.') || name.endsWith('.tmp'))).toEqual([])
})

it.each([
  ['type=nope,dest=x', 'want type=local, tar, oci or docker'],
  ['type=tar', 'want dest=PATH'],
])('--output %s', async (output, message) => {
  await expect(make({ outputs: [output], tags: ['bad:v0'] })).rejects.toThrow(message)
})
