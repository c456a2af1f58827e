import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PROGRAM } from '../../package.ts'
import { imageWith, type Member } from '../../rootfs/testLayers.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { parseTransport } from '../../transport/parse.ts'
import { testFolder } from '../../transport/testImages.ts'
import { seen } from '../build/corpus/testSeen.ts'

const folder = testFolder()
const at = (name: string) => join(folder, name)
const ocilab = (...args: string[]) => execFileSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' }).trim()

async function opened(place: string) {
  const source = await parseTransport(place).source()
  return source.resolve()
}

it('repack makes the layer umoci makes of the same changes', async () => {
  const layers: Record<string, Member>[] = [
    {
      'etc/': { mode: 0o755 },
      'etc/conf': { body: 'a' },
      'etc/gone': { body: 'b' },
      'bin/': {},
      'bin/tool': { body: 'tool', mode: 0o755 },
    },
    {
      'data/': { mode: 0o700, uid: 5 },
      'data/kept': { body: 'kept' },
      'data/sub/': {},
      'data/sub/x': { body: 'x' },
      link: { linkpath: 'etc/conf' },
    },
  ]
  const base = await imageWith(...layers)
  await copy(heldImage(base, 'base'), `oci:${at('layout')}:v0`)
  for (const who of ['ours', 'theirs']) {
    execFileSync('umoci', ['unpack', '--image', `${at('layout')}:v0`, at(who)])
    const change = [
      'echo changed > etc/conf; rm etc/gone; rm -r data/sub; mkdir -p new/deep; echo n > new/deep/file; chmod 4755 bin/tool',
      'ln new/deep/file new/same; ln -sf /else link; chown 7:8 data; mkfifo new/fifo; mkdir -m 1777 empty',
    ]
    execFileSync('sh', ['-ec', change.join('\n')], { cwd: join(at(who), 'rootfs') })
  }
  execFileSync('umoci', ['repack', '--image', `${at('layout')}:theirs`, at('theirs')])
  ocilab('repack', at('ours'), `oci:${at('layout')}:ours`, '--image', `oci:${at('layout')}:v0`)
  const [ours, theirs] = await Promise.all(['ours', 'theirs'].map(tag => opened(`oci:${at('layout')}:${tag}`)))
  const [mine, other] = [await seen(ours!, base), await seen(theirs!, base)]
  // We have all folders above a change, umoci those that changed, and the root. Whiteouts have no mode of their own.
  const comparable = (layer: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(layer)
        .filter(([name]) => !['.', 'etc', 'bin'].includes(name))
        .map(([name, what]) => [name, name.includes('.wh.') ? '' : what]),
    )
  expect(comparable(mine.layers.at(-1)!)).toEqual(comparable(other.layers.at(-1)!))
  expect(mine.history.length).toBe(other.history.length)
  expect(ocilab('repack', at('ours'), `oci:${at('layout')}:again`, '--image', `oci:${at('layout')}:ours`)).toBe(
    ours!.descriptor.digest,
  )
})

it('what is no bundle is said to be none, as by umoci', async () => {
  await copy(heldImage(await imageWith({ file: { body: 'x' } }), 'base'), `oci:${at('some')}:v0`)
  mkdirSync(at('empty'))
  writeFileSync(at('file'), '')
  for (const path of ['empty', 'file', 'absent']) {
    expect(() =>
      execFileSync('umoci', ['repack', '--image', `${at('some')}:v1`, at(path)], { stdio: 'pipe' }),
    ).toThrow()
    const repack = ['repack', at(path), `oci:${at('some')}:v1`, '--image', `oci:${at('some')}:v0`, '-q']
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...repack], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([
      1,
      `ocilab: ${at(path)}: no bundle (want a folder rootfs in it) [CONFIG_INVALID]\n  hint: ocilab unpack --bundle IMAGE FOLDER makes one\n`,
    ])
  }
  expect(readFileSync(at('some/index.json'), 'utf8')).not.toContain('"v1"')
})

it('append, mutate, rebase and flatten on local layouts', async () => {
  const os = (version: string) => ({ 'os/': {}, 'os/version': { body: version }, 'os/gone': { body: 'x' } })
  const app = { app: { body: 'app' }, 'os/.wh.gone': {} }
  for (const [tag, image] of [
    ['os1', await imageWith(os('1'))],
    ['os2', await imageWith(os('2'))],
    ['v0', await imageWith(os('1'), app)],
  ] as const)
    await copy(heldImage(image, tag), `oci:${at('images')}:${tag}`)
  const place = (tag: string) => `oci:${at('images')}:${tag}`
  execFileSync('sh', ['-ec', 'echo more > more; tar -cf more.tar more'], { cwd: folder })

  ocilab('append', place('v0'), place('v1'), '-f', at('more.tar'))
  ocilab(
    'mutate',
    place('v1'),
    place('v2'),
    '--entrypoint',
    'sh,-c',
    '--cmd',
    'x',
    '-e',
    'A=b=c',
    '-l',
    'k=v',
    '--user',
    '7',
    '-w',
    '/w',
    '--exposed-ports',
    '80/tcp',
    '-a',
    'n=1',
  )
  ocilab('rebase', place('v2'), place('v3'), '--old-base', place('os1'), '--new-base', place('os2'))
  ocilab('flatten', place('v3'), place('v4'))

  const flat = await opened(place('v4'))
  expect(flat.layers).toHaveLength(1)
  expect(Object.keys((await seen(flat, await imageWith())).layers[0]!)).toEqual(['app', 'more', 'os', 'os/version'])
  expect(flat.config.config).toEqual({
    ...{ Entrypoint: ['sh', '-c'], Cmd: ['x'], Env: ['A=b=c'], Labels: { k: 'v' }, User: '7', WorkingDir: '/w' },
    ExposedPorts: { '80/tcp': {} },
  })
  expect(flat.manifest.annotations).toEqual({ n: '1' })
  ocilab('unpack', place('v4'), at('unpacked'))
  expect(readFileSync(at('unpacked/os/version'), 'utf8')).toBe('2')
  // The peers find what we made whole.
  execFileSync('skopeo', ['copy', place('v4'), `dir:${at('checked')}`])
  execFileSync('umoci', ['unpack', '--image', `${at('images')}:v3`, at('bundle')])
})
