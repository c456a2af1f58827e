import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, openSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PROGRAM } from '../package.ts'
import { imageWith } from '../rootfs/testLayers.ts'
import { digestOf } from '../spec/digest.ts'
import { copy } from '../transport/copy.ts'
import { heldImage } from '../transport/held.ts'
import { createRegistry } from '../transport/registry/server/registry.ts'
import { testFolder } from '../transport/testImages.ts'

// Whoever is interrupted in the middle of the work ends at once, says so in the exit code, and leaves neither half a
// result nor anything beside it. The middle is where the other side says no more: a registry in the middle of a layer, a
// pipe in the middle of an archive, a command that sleeps.
const PATIENCE = 20_000
const folder = testFolder()
const home = join(folder, 'home')
const temporary = join(folder, 'tmp')
const sound = `oci:${join(folder, 'sound')}:v0`
const archive = join(folder, 'archive.tar')

/** Says how far it has come; after that it is silent. */
let reached = () => {}
const registry = createRegistry()
const server = createServer((request, response) => {
  const { method, url = '' } = request
  if (url === '/file' || (method === 'GET' && silent !== '' && (url.includes(silent) || url.includes('/c/blobs/')))) {
    response.writeHead(200)
    response.write('half')
    reached()
  } else if (url.includes('/blobs/uploads/') && method !== 'POST' && silent !== '')
    request.once('data', () => reached())
  else registry.handler(request, response)
})
/** The layer of which no more than a part comes; of repository `c` it is the config, too. */
let silent = ''
let host: string

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const image = await imageWith({ a: { body: randomBytes(200_000).toString('latin1') }, 'b/': {} })
  await copy(heldImage(image, 'memory'), sound)
  await copy(sound, `docker://${host}/a:v0`, { insecure: true })
  await copy(sound, `docker-archive:${archive}:a:v0`)
  await copy(sound, `docker://${host}/c:v0`, { insecure: true })
  silent = image.layers[0]!.descriptor.digest
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await registry.close()
})
beforeEach(() => {
  for (const it of [home, temporary]) mkdirSync(it)
})
afterEach(() => {
  for (const it of [home, temporary]) rmSync(it, { recursive: true, force: true })
})

function start(args: string[]): ChildProcess {
  const env = { ...process.env, TMPDIR: temporary, HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home }
  return spawn(process.execPath, [PROGRAM, ...args], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

const untilAsked = () =>
  new Promise<void>(resolve => {
    reached = resolve
  })

/** Until there is something below a folder, which a program makes for what is not finished. */
async function untilThere(where: string, what: string): Promise<void> {
  while (!readdirSync(where, { recursive: true, encoding: 'utf8' }).some(name => name.includes(what))) await sleep(5)
}

/** All that is there but our own cache of compiled code. */
function left(): string[] {
  return [home, temporary].flatMap(it => readdirSync(it)).filter(name => !name.startsWith('ocilab-compiled'))
}

const tls = '--tls-verify=false'
const VERBS: [name: string, args: () => string[], isBegun: (child: ChildProcess) => Promise<unknown>][] = [
  ['pull', () => ['pull', `${host}/a:v0`, 'oci:target:v0', tls], untilAsked],
  ['copy to dir', () => ['copy', `docker://${host}/a:v0`, 'dir:target', tls], untilAsked],
  ['copy to oci-archive', () => ['copy', `docker://${host}/a:v0`, 'oci-archive:target', tls], untilAsked],
  ['unpack', () => ['unpack', `docker://${host}/a:v0`, 'target', tls], untilAsked],
  ['unpack --bundle', () => ['unpack', '--bundle', `docker://${host}/a:v0`, 'target', tls], untilAsked],
  ['save', () => ['save', `docker://${host}/a:v0`, '-o', 'target', tls], untilAsked],
  ['export', () => ['export', `docker://${host}/a:v0`, '-o', 'target', tls], untilAsked],
  ['flatten', () => ['flatten', `docker://${host}/a:v0`, 'oci:target:v0', tls], untilAsked],
  ['mutate', () => ['mutate', `docker://${host}/a:v0`, 'oci:target:v0', '--cmd', 'x', tls], untilAsked],
  ['append', () => ['append', `docker://${host}/c:v0`, 'oci:target:v0', '-f', archive, tls], untilAsked],
  [
    'append a large tar',
    () => ['append', sound, 'oci:target:v0', '-f', largeTar()],
    () => untilThere(temporary, '.ocilab.'),
  ],
  ['repack', () => ['repack', bundle(), 'oci:target:v0', '--image', `docker://${host}/a:v0`, tls], untilAsked],
  [
    'repack a large file',
    () => ['repack', bundle(), 'oci:target:v0', '--image', sound],
    () => untilThere(temporary, '.ocilab.'),
  ],
  ['picture layers', () => ['picture', 'layers', `docker://${host}/a:v0`, tls], untilAsked],
  ['inspect --config', () => ['inspect', '--config', `docker://${host}/c:v0`, tls], untilAsked],
  ['sync', () => ['sync', '--src', 'docker', '--dest', 'dir', `${host}/a`, 'target', tls], untilAsked],
  ['push', () => ['push', sound, `${host}/b:v0`, tls], untilAsked],
  ['load', () => ['load', '-i', pipe(), 'oci:target:v0'], () => untilThere(temporary, '.ocilab.')],
  ['run', () => ['run', '--root', `${home}/containers`, '--network', 'none', `docker://${host}/a:v0`, tls], untilAsked],
  ['build', () => ['build', '--store', `${home}/store`, '-t', 'never', context()], untilAsked],
  [
    'build a large file',
    () => ['build', '--store', `${home}/store`, '-t', 'never', largeContext()],
    child => once(child.stdout!, 'data'),
  ],
  ['registry serve', () => ['registry', 'serve', '--root', 'target'], child => once(child.stdout!, 'data')],
]

/** A pipe into which half of an archive is written; it is never closed before the test ends. */
function pipe(): string {
  const path = join(home, 'pipe')
  spawnSync('mkfifo', [path])
  const bytes = gzipSync(readFileSync(archive))
  // For reading too: so opening does not wait for whoever reads.
  writeSync(openSync(path, 'r+'), bytes.subarray(0, 60_000))
  return path
}

// Minutes of reading, and no room on the disk.
const LARGE = 64 * 2 ** 30

/** A bundle of a large file. */
function bundle(): string {
  const path = join(home, 'bundle')
  mkdirSync(join(path, 'rootfs'), { recursive: true })
  writeFileSync(join(path, 'rootfs/large'), '')
  truncateSync(join(path, 'rootfs/large'), LARGE)
  return path
}

function largeContext(): string {
  const path = bundle()
  writeFileSync(join(path, 'Dockerfile'), 'FROM scratch\nCOPY rootfs /\n')
  return path
}

/** The same file in a tar. */
function largeTar(): string {
  const [path, file] = [join(home, 'large.tar'), join(home, 'large')]
  writeFileSync(file, '')
  truncateSync(file, LARGE)
  spawnSync('sh', ['-c', 'tar --format=gnu -cf - large | head -c 512 > large.tar; rm large'], { cwd: home })
  truncateSync(path, 512 + LARGE + 1024)
  return path
}

function context(): string {
  const path = join(home, 'context')
  mkdirSync(path)
  writeFileSync(join(path, 'Dockerfile'), `FROM scratch\nADD http://${host}/file /\n`)
  return path
}

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, status) => {
  it.each(VERBS)('%s', async (verb, args, isBegun) => {
    const begun = args()
    const before = left()
    const child = start(begun)
    let said = ''
    child.stderr!.on('data', chunk => {
      said += chunk
    })
    const ended = once(child, 'exit')
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
    await Promise.race([isBegun(child), ended])
    child.kill(signal)
    // A read of a pipe cannot be called off: there the end is by the signal itself, and a shell sees the same code.
    expect(
      [
        [status, null],
        [null, signal],
      ],
      said,
    ).toContainEqual(await ended)
    if (verb !== 'load') expect(child.exitCode).toBe(status)
    clearTimeout(late)
    expect(said).not.toMatch(/unexpected|^\s+at /m)
    // What is kept for the next time is whole: a store, an empty registry or folder for images, blobs that came to their end.
    const mayStay = ['sync', 'registry serve', 'pull', 'mutate'].includes(verb)
    const kept = ['store', 'containers', ...(mayStay ? ['target'] : [])]
    expect(left().filter(name => !before.includes(name) && !kept.includes(name))).toEqual([])
    const ps = spawnSync(process.execPath, [PROGRAM, 'ps', '-aq', '--root', `${home}/containers`], { encoding: 'utf8' })
    expect(ps.stdout).toBe('')
    const inside = readdirSync(home, { recursive: true, encoding: 'utf8' })
    expect(inside.filter(name => /(^|\/)\.ocilab\.|\.lock$|target\/index\.json$/.test(name))).toEqual([])
    for (const name of inside.filter(it => /target\/.*[0-9a-f]{64}$/.test(it)))
      expect(digestOf(readFileSync(join(home, name)))).toBe(`sha256:${basename(name)}`)
  })
})

describe('SIGPIPE', () => {
  it.each([
    ['export', `export ${sound}`],
    ['save', `save ${sound} -o /dev/stdout`],
    ['export, as JSON of its trace', `export --trace ${sound}`],
  ])('%s: nobody reads on', (_verb, line) => {
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', `"$0" "$1" ${line} -q | head -c 1000 >/dev/null; exit \${PIPESTATUS[0]}`, process.execPath, PROGRAM],
      { encoding: 'utf8', cwd: home, env: { ...process.env, TMPDIR: temporary } },
    )
    expect([status, stderr]).toEqual([141, ''])
    expect(left()).toEqual([])
  })
})
