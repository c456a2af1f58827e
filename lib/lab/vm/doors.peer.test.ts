import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Ajv } from 'ajv'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { WANTED } from '../jupyter/server/install.ts'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../../../lab-vm', import.meta.url))
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const home = mkdtempSync(join(tmpdir(), 'ocilab-vagrant-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const packages = join(folder, '../node_modules/.cache/cloud-init/root')
const text = { type: 'string' }
const list = (items: object) => ({ type: 'array', items, minItems: 1 })
const closed = (properties: object, required: string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})

describe('each door, as its own tool reads it', () => {
  it.each(['provision.sh', 'check.sh', 'qemu.sh', 'pack.sh', 'boot-test.sh'])(
    'shellcheck finds nothing in %s',
    async name => {
      await run('shellcheck', [join(folder, name)])
    },
  )

  it('vagrant validate', async () => {
    const { stdout } = await run('vagrant', ['validate', '--ignore-provider'], {
      cwd: folder,
      env: { ...process.env, VAGRANT_HOME: home, VAGRANT_DOTFILE_PATH: join(home, 'dotfiles') },
    })
    expect(stdout).toContain('validated successfully')
  })

  // Unpacked by set-up, not installed: see there.
  const cloudInit = (file: string) => {
    if (!existsSync(packages)) throw new Error(`no cloud-init in ${packages} (npm test unpacks it there first)`)
    return run('/usr/bin/python3', ['-m', 'cloudinit.cmd.main', 'schema', '--config-file', file], {
      env: { ...process.env, PYTHONPATH: join(packages, 'usr/lib/python3/dist-packages') },
    })
  }
  it('cloud-init schema', async () => {
    expect((await cloudInit(join(folder, 'cloud-init/user-data'))).stdout).toContain('Valid cloud-config')
    const wrong = join(home, 'user-data')
    writeFileSync(wrong, read('cloud-init/user-data').replace('runcmd:', 'runcmd: no\nruncmds:'))
    await expect(cloudInit(wrong)).rejects.toThrow(/runcmd/)
  })

  // limactl is no Debian package: these are the keys we use, as its own documentation has them, and no others.
  it('lima.yaml has only keys that Lima 2 knows', () => {
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

describe('the container for editors', () => {
  // The keys we use, as devContainer.base.schema.json has them, and no others.
  const schema = closed(
    {
      name: text,
      image: { type: 'string', pattern: '^mcr\\.microsoft\\.com/devcontainers/javascript-node:24-' },
      postCreateCommand: text,
      forwardPorts: list({ type: 'integer', minimum: 0, maximum: 65535 }),
      portsAttributes: {
        type: 'object',
        additionalProperties: closed({ label: text, onAutoForward: { enum: ['notify', 'silent', 'ignore'] } }),
      },
      otherPortsAttributes: closed({ onAutoForward: { enum: ['notify', 'silent', 'ignore'] } }),
      remoteUser: text,
      hostRequirements: closed({
        cpus: { type: 'integer', minimum: 1 },
        memory: { type: 'string', pattern: '^\\d+gb$' },
        storage: { type: 'string', pattern: '^\\d+gb$' },
      }),
    },
    ['image', 'postCreateCommand', 'forwardPorts'],
  )
  const configuration = JSON.parse(read('../.devcontainer/devcontainer.json'))
  it('has only keys that its schema knows', () => {
    const validate = new Ajv().compile(schema)
    expect(validate(configuration), JSON.stringify(validate.errors)).toBe(true)
  })
  it('is set up as every machine, without a privilege, and shows JupyterLab on its port', () => {
    expect(configuration).toMatchObject({ postCreateCommand: 'npm run setup', forwardPorts: [8888] })
    expect(JSON.parse(read('../package.json')).scripts.setup).toContain('setup.mjs')
  })
})

describe('all doors', () => {
  const doors = ['lima.yaml', 'Vagrantfile', 'cloud-init/user-data', 'qemu.sh']
  it.each(doors)('%s runs provision.sh on the checkout at /lab', name => {
    expect(read(name)).toMatch(/provision\.sh/)
    expect(read(name)).toMatch(/OCILAB_SOURCE["']?\s*(=>\s*"|=)\/lab/)
  })
  it.each([...doors, '../lab-vm/README.md'])('%s knows one port of JupyterLab, for this machine alone', name => {
    expect([...new Set(read(name).match(/\b8[0-9]{3}\b/g))].filter(port => port !== '8889')).toEqual(['8888'])
    expect(read(name)).not.toContain('0.0.0.0')
  })
  it('install the same packages, which set-up asks for too', async () => {
    const { stdout } = await run(join(folder, 'provision.sh'), ['--packages'])
    for (const name of ['runc', 'crun', 'skopeo', 'umoci', 'docker.io', 'bridge-utils', 'nftables', 'busybox-static'])
      expect(stdout.trim().split(' ')).toContain(name)
  })
  it.each([
    ['bookworm', false],
    ['trixie', true],
  ])('on %s the program docker is a package of its own: %s', async (SUITE, own) => {
    const { stdout } = await run(join(folder, 'provision.sh'), ['--packages'], { env: { ...process.env, SUITE } })
    expect(stdout.trim().split(' ').includes('docker-cli')).toBe(own)
  })
  it('install the JupyterLab that ocilab lab would', async () => {
    const { stdout } = await run(join(folder, 'provision.sh'), ['--wheels'])
    expect(stdout).toContain(WANTED)
  })
})
