import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Ajv } from 'ajv'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../../../lab-vm', import.meta.url))
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const home = mkdtempSync(join(tmpdir(), 'ocilab-vagrant-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('each door, as its own tool reads it', () => {
  it.each(['provision.sh', 'check.sh', 'qemu.sh'])('shellcheck finds nothing in %s', async name => {
    await run('shellcheck', [join(folder, name)])
  })

  it('vagrant validate', async () => {
    const { stdout } = await run('vagrant', ['validate', '--ignore-provider'], {
      cwd: folder,
      env: { ...process.env, VAGRANT_HOME: home, VAGRANT_DOTFILE_PATH: join(home, 'dotfiles') },
    })
    expect(stdout).toContain('validated successfully')
  })

  // limactl is no Debian package: these are the keys we use, as its own documentation has them, and no others.
  it('lima.yaml has only keys that Lima 2 knows', () => {
    const text = { type: 'string' }
    const closed = (properties: object, required: string[] = []) => ({
      type: 'object',
      properties,
      required,
      additionalProperties: false,
    })
    const list = (items: object) => ({ type: 'array', items, minItems: 1 })
    const schema = closed(
      {
        minimumLimaVersion: { type: 'string', pattern: '^2\\.' },
        base: list({ type: 'string', pattern: '^template:_images/debian-1[23]$' }),
        cpus: { type: 'integer', minimum: 1 },
        memory: { type: 'string', pattern: '^[0-9]+GiB$' },
        disk: { type: 'string', pattern: '^[0-9]+GiB$' },
        param: { type: 'object', additionalProperties: text },
        mounts: list(closed({ location: text, mountPoint: text, writable: { type: 'boolean' } }, ['location'])),
        containerd: closed({ system: { const: false }, user: { const: false } }, ['system', 'user']),
        provision: list(closed({ mode: { enum: ['system', 'user', 'boot', 'dependency'] }, script: text }, ['mode'])),
        probes: list(closed({ mode: { const: 'readiness' }, description: text, script: text, hint: text }, ['script'])),
        portForwards: list(
          closed({ guestPort: { type: 'integer' }, hostPort: { type: 'integer' }, hostIP: { const: '127.0.0.1' } }),
        ),
        message: text,
      },
      ['base', 'mounts', 'provision', 'probes', 'portForwards', 'containerd'],
    )
    const validate = new Ajv().compile(schema)
    expect(validate(parse(read('lima.yaml'))), JSON.stringify(validate.errors)).toBe(true)
  })
})

describe('all doors', () => {
  const doors = ['lima.yaml', 'Vagrantfile', 'cloud-init/user-data', 'qemu.sh']
  it.each(doors)('%s runs provision.sh on the checkout at /lab', name => {
    expect(read(name)).toMatch(/provision\.sh/)
    expect(read(name)).toMatch(/OCILAB_SOURCE["']?\s*(=>\s*"|=)\/lab/)
  })
  it.each(['lima.yaml', 'Vagrantfile', 'qemu.sh'])('%s forwards the port of JupyterLab to this machine alone', name => {
    expect(read(name)).toContain('8888')
    expect(read(name)).toContain('127.0.0.1')
    expect(read(name)).not.toContain('0.0.0.0')
  })
  it('install the same packages, which set-up asks for too', async () => {
    const { stdout } = await run(join(folder, 'provision.sh'), ['--packages'])
    for (const name of ['runc', 'crun', 'skopeo', 'umoci', 'docker.io', 'bridge-utils', 'nftables', 'busybox-static'])
      expect(stdout.trim().split(' ')).toContain(name)
  })
})
