import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copy } from './copy.ts'
import { parseTransport } from './parse.ts'
import { startDockerd, type TestDockerd } from './testDockerd.ts'
import { testFolder, testImage, testSource, tree } from './testImages.ts'

// What the real skopeo, docker and oci-image-tool make of the same images, beside what we make of them.
const folder = testFolder()
const run = promisify(execFile)
const at = (name: string) => join(folder, name)
const skopeo = (...args: string[]) => run('skopeo', args, { cwd: folder })

/** All images of a layout: asked for one of several by name, the tool finds it "not unique", skopeo's layouts too. */
const validate = (layout: string) => run('oci-image-tool', ['validate', '--type', 'image', layout])

let dockerd: TestDockerd
beforeAll(async () => {
  dockerd = await startDockerd()
})
afterAll(() => dockerd?.stop())

/** An image as the article's: built by Docker, with a RUN that makes a small upper layer. */
async function built(tag: string): Promise<void> {
  mkdirSync(at('context'), { recursive: true })
  copyFileSync('/bin/busybox', at('context/busybox'))
  const lines = [
    'FROM scratch',
    'COPY busybox /bin/busybox',
    'RUN ["/bin/busybox", "mkdir", "/made"]',
    'ENV A=b',
    'LABEL x="a && b" y="<z>"',
    'EXPOSE 8000',
    'CMD ["/bin/busybox", "sh"]',
  ]
  writeFileSync(at('context/Dockerfile'), lines.join('\n'))
  await dockerd.docker('build', '--network', 'none', '-t', tag, at('context'))
}

async function resolve(name: string) {
  const source = await parseTransport(name).source()
  try {
    return await source.resolve()
  } finally {
    await source.close()
  }
}

const same = async (...names: string[]) => {
  const images = await Promise.all(names.map(resolve))
  const [first, ...others] = images.map(({ descriptor, manifest, config }) => ({
    manifest: descriptor.digest,
    config: manifest.config.digest,
    diffIds: config.rootfs.diff_ids,
  }))
  for (const other of others) expect(other).toEqual(first)
}

/** The same members in the same order, with the same times, modes, owners and contents. */
async function sameArchive(a: string, b: string): Promise<void> {
  const list = async (name: string) => (await run('tar', ['--full-time', '-tvf', at(`${name}.tar`)])).stdout
  expect(await list(b)).toBe(await list(a))
  for (const name of [a, b]) {
    mkdirSync(at(`x-${name}`))
    await run('tar', ['-C', at(`x-${name}`), '-xf', at(`${name}.tar`)])
  }
  await run('diff', ['-r', at(`x-${a}`), at(`x-${b}`)])
}

describe('skopeo', () => {
  it('makes the same manifests and configs as we on the way oci → oci-archive → docker-archive → dir', async () => {
    await copy(await testSource(), `oci:${at('start')}:v0`)
    const way = (who: string) => [
      `oci:${at('start')}:v0`,
      `oci-archive:${at(`${who}.oci.tar`)}:v0`,
      `docker-archive:${at(`${who}.tar`)}:demo:v0`,
      `dir:${at(`${who}-dir`)}`,
    ]
    for (const [index, from] of way('ours').slice(0, -1).entries()) {
      await copy(from, way('ours')[index + 1]!)
      await skopeo('copy', way('theirs')[index]!, way('theirs')[index + 1]!)
      await same(way('ours')[index + 1]!, way('theirs')[index + 1]!)
    }
    // And crosswise: each reads what the other wrote.
    await skopeo('copy', way('ours')[2]!, `dir:${at('cross1')}`)
    await copy(way('theirs')[2]!, `dir:${at('cross2')}`)
    await same(`dir:${at('cross1')}`, `dir:${at('cross2')}`, way('ours')[3]!)
    expect(readFileSync(at('cross1/manifest.json')).equals(readFileSync(at('cross2/manifest.json')))).toBe(true)
  })

  it('gives a Docker image the same OCI manifest and config, byte for byte', async () => {
    await copy(await testSource(undefined, 'docker'), `dir:${at('docker')}`)
    await copy(`dir:${at('docker')}`, `oci:${at('ours')}:v0`)
    await skopeo('copy', `dir:${at('docker')}`, `oci:${at('theirs')}:v0`)
    await run('diff', ['-r', at('ours'), at('theirs')])
    // Back again, into a place that takes both kinds.
    await copy(`oci:${at('ours')}:v0`, `dir:${at('ours-back')}`)
    await skopeo('copy', `oci:${at('theirs')}:v0`, `dir:${at('theirs-back')}`)
    await run('diff', ['-r', at('ours-back'), at('theirs-back')])
  })

  it('compresses a dir of bare tars to the same diff_ids and config', async () => {
    await copy(await testSource(), `docker-archive:${at('bare.tar')}:demo:v0`)
    await copy(`docker-archive:${at('bare.tar')}`, `oci:${at('pressed-ours')}:v0`)
    await skopeo('copy', `docker-archive:${at('bare.tar')}`, `oci:${at('pressed-theirs')}:v0`)
    const [ours, theirs] = await Promise.all([
      resolve(`oci:${at('pressed-ours')}:v0`),
      resolve(`oci:${at('pressed-theirs')}:v0`),
    ])
    expect(Buffer.from(ours!.raw('config')).toString()).toBe(Buffer.from(theirs!.raw('config')).toString())
    expect(ours!.manifest.layers.map(it => it.mediaType)).toEqual(theirs!.manifest.layers.map(it => it.mediaType))
  })

  it('leaves the same index.json after the same copies', async () => {
    for (const text of ['a', 'b']) await copy(await testSource([text]), `dir:${at(`image-${text}`)}`)
    const copies = [
      ['a', ':x'],
      ['b', ':x'],
      ['b', ':y'],
      ['b', ''],
      ['a', ':z'],
      ['a', ':x'],
      ['b', ''],
    ]
    for (const [image, name] of copies) {
      await copy(`dir:${at(`image-${image}`)}`, `oci:${at('index-ours')}${name}`)
      await skopeo('copy', `dir:${at(`image-${image}`)}`, `oci:${at('index-theirs')}${name}`)
      expect(readFileSync(at('index-ours/index.json'), 'utf8')).toBe(
        readFileSync(at('index-theirs/index.json'), 'utf8'),
      )
    }
    await run('diff', ['-r', at('index-ours'), at('index-theirs')])
  })

  it('finds no image under a name that is not there, and says so as we do', async () => {
    await copy(await testSource(), `oci:${at('named')}:v0`)
    const theirs = await skopeo('copy', `oci:${at('named')}:nope`, `dir:${at('x')}`).catch(error =>
      String(error.stderr),
    )
    const ours = await copy(`oci:${at('named')}:nope`, `dir:${at('x')}`).catch(error => error.message)
    expect(theirs).toContain('no descriptor found for reference \\"nope\\"')
    expect(ours).toContain('no descriptor found for reference "nope"')
  })
})

describe('docker', () => {
  it('saves the archive that we write, file by file, from the one it wrote', async () => {
    await built('demo:v0')
    await dockerd.docker('save', '-o', at('saved.tar'), 'demo:v0')
    await copy(`docker-archive:${at('saved.tar')}`, `docker-archive:${at('resaved.tar')}:demo:v0`, { profile: '2020' })
    await sameArchive('saved', 'resaved')
  })

  it('gets its image converted to OCI with the config skopeo gives it', async () => {
    await skopeo('copy', `docker-archive:${at('saved.tar')}`, `oci:${at('docker-theirs')}:v0`)
    const ours = await copy(`docker-archive:${at('saved.tar')}`, `oci:${at('docker-ours')}:v0`)
    const theirs = await resolve(`oci:${at('docker-theirs')}:v0`)
    expect(ours.config).toEqual(theirs.manifest.config)
    expect((await resolve(`oci:${at('docker-ours')}:v0`)).layers.map(it => it.diffId)).toEqual(
      theirs.layers.map(it => it.diffId),
    )
    await skopeo('copy', `docker-archive:${at('saved.tar')}`, `dir:${at('saved-theirs')}`)
    await copy(`docker-archive:${at('saved.tar')}`, `dir:${at('saved-ours')}`)
    await run('diff', ['-r', at('saved-ours'), at('saved-theirs')])
  })

  it.each(['2020', 'current'] as const)('loads our archive (%s) as the same image, and runs it', async profile => {
    const id = (await dockerd.docker('image', 'inspect', '-f', '{{.Id}}', 'demo:v0')).trim()
    const file = at(`load-${profile}.tar`)
    await copy(`docker-archive:${at('saved.tar')}`, `docker-archive:${file}:loaded/by-us:${profile}`, { profile })
    expect(await dockerd.docker('load', '-i', file)).toContain(`Loaded image: loaded/by-us:${profile}`)
    expect((await dockerd.docker('image', 'inspect', '-f', '{{.Id}}', `loaded/by-us:${profile}`)).trim()).toBe(id)
    const said = await dockerd.docker(
      'run',
      '--rm',
      '--network',
      'none',
      `loaded/by-us:${profile}`,
      '/bin/busybox',
      'ls',
      '-d',
      '/made',
    )
    expect(said.trim()).toBe('/made')
  })

  it('loads an image we made ourselves, and keeps its id', async () => {
    const image = await testImage(undefined, 'oci')
    await copy(await testSource(), `docker-archive:${at('own.tar')}:own:v0`)
    await dockerd.docker('load', '-i', at('own.tar'))
    expect((await dockerd.docker('image', 'inspect', '-f', '{{.Id}}', 'own:v0')).trim()).toBe(
      image.manifest.config.digest,
    )
  })

  it('gives and takes images over its socket', async () => {
    const before = process.env.DOCKER_HOST
    process.env.DOCKER_HOST = `unix://${dockerd.socket}`
    try {
      const id = (await dockerd.docker('image', 'inspect', '-f', '{{.Id}}', 'demo:v0')).trim()
      await copy('docker-daemon:demo:v0', `dir:${at('by-name')}`)
      await copy(`docker-daemon:${id}`, `dir:${at('by-id')}`)
      await same(`dir:${at('by-name')}`, `dir:${at('by-id')}`, `dir:${at('saved-ours')}`)
      await copy(`dir:${at('by-name')}`, 'docker-daemon:from/socket:v1')
      expect((await dockerd.docker('image', 'inspect', '-f', '{{.Id}}', 'from/socket:v1')).trim()).toBe(id)
      await expect(copy('docker-daemon:nope:v0', `dir:${at('x')}`)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' })
      process.env.DOCKER_HOST = `unix://${at('nobody.sock')}`
      await expect(copy('docker-daemon:nope:v0', `dir:${at('x')}`)).rejects.toThrow(
        /cannot reach the engine at unix:.*ENOENT/,
      )
      await expect(copy(`dir:${at('by-name')}`, 'docker-daemon:nope:v0')).rejects.toMatchObject({ code: 'IO' })
    } finally {
      if (before === undefined) delete process.env.DOCKER_HOST
      else process.env.DOCKER_HOST = before
    }
  })
})

describe('oci-image-tool', () => {
  it('finds our layout valid', async () => {
    await copy(`docker-archive:${at('saved.tar')}`, `oci:${at('valid')}:v0`)
    const { stdout, stderr } = await run('oci-image-tool', [
      'validate',
      '--type',
      'image',
      '--ref',
      'name=v0',
      at('valid'),
    ])
    expect(stdout + stderr).toContain('Validation succeeded')
  })
})

describe('other processes', () => {
  const program = `import { copy } from ${JSON.stringify(join(import.meta.dirname, 'copy.ts'))}
await copy(process.argv[2], process.argv[3])`
  const start = (from: string, to: string) => spawn(process.execPath, [at('copy.ts'), from, to], { stdio: 'ignore' })

  it('lose no tag when eight of them copy into one layout', async () => {
    writeFileSync(at('copy.ts'), program)
    const tags = Array.from({ length: 8 }, (_, index) => `t${index}`)
    for (const tag of tags) await copy(await testSource(['base', tag]), `dir:${at(`many-${tag}`)}`)
    const exits = tags.map(tag => once(start(`dir:${at(`many-${tag}`)}`, `oci:${at('eight')}:${tag}`), 'exit'))
    expect(await Promise.all(exits)).toEqual(tags.map(() => [0, null]))
    const { manifests } = JSON.parse(readFileSync(at('eight/index.json'), 'utf8'))
    expect(manifests.flatMap((it: { annotations: object }) => Object.values(it.annotations)).sort()).toEqual(tags)
    await validate(at('eight'))
  })

  it('may be killed at any moment: the layout stays whole, and the next one clears up', async () => {
    writeFileSync(at('copy.ts'), program)
    const layout = at('killed')
    await copy(await testSource(['first']), `oci:${layout}:first`)
    await copy(`docker-archive:${at('saved.tar')}`, `dir:${at('to-kill')}`)
    for (let after = 60; after < 260; after += 20) {
      const child = start(`dir:${at('to-kill')}`, `oci:${layout}:killed`)
      const exited = once(child, 'exit')
      setTimeout(() => child.kill('SIGKILL'), after)
      await exited
      await validate(layout)
    }
    await copy(`dir:${at('to-kill')}`, `oci:${layout}:killed`)
    await validate(layout)
    expect(tree(layout).filter(path => /ocilab|lock/.test(path))).toEqual([])
    await run('sh', ['-c', `cd ${layout}/blobs/sha256 && for f in *; do echo "$f  $f"; done | sha256sum -c --quiet`])
  })
})
