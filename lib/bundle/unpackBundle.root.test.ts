import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { setConfig } from '../image/build.ts'
import { demoImage } from '../lab/demo/demo.ts'
import { imageWith } from '../rootfs/testLayers.ts'
import { runtimeDriver } from '../runtime/driver.ts'
import { validate } from '../spec/schema.ts'
import { unpackBundle } from './unpackBundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-unpack-bundle-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a bundle made of an image', () => {
  it('is one that runc runs as it is', async () => {
    const path = join(folder, 'tiny')
    const { image } = await demoImage('tiny')
    const bundle = await unpackBundle(
      await setConfig(image, {
        Entrypoint: ['sh', '-c'],
        Cmd: ['echo $LANG from $PWD as $(id -u)'],
        WorkingDir: '/srv',
        User: 'nobody',
      }),
      path,
    )
    expect(() => validate('runtime', bundle.config, path)).not.toThrow()
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(
      execFileSync('runc', ['--root', join(folder, 'state'), 'run', '--bundle', path, 'once'], { encoding: 'utf8' }),
    ).toBe('C.UTF-8 from /srv as 65534\n')
    expect(await runtimeDriver('runc', { root: join(folder, 'state') }).list()).toEqual([])
  })

  it('reads the accounts of the image, not those of the machine it is made on', async () => {
    const evil = await imageWith({ 'etc/passwd': { linkpath: '../../../../../../etc/passwd' } })
    const path = join(folder, 'evil')
    await expect(unpackBundle(await setConfig(evil, { User: 'daemon' }), path)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    expect(readFileSync('/etc/passwd', 'utf8')).toContain('daemon:')
    expect(existsSync(path)).toBe(false)
  })

  it('is not made over something else', async () => {
    const { image } = await demoImage('tiny')
    await expect(unpackBundle(image, folder)).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
  })
})
