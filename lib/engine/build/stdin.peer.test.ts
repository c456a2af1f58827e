import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesOf } from '../../bytes/collect.ts'
import { PROGRAM } from '../../package.ts'
import { imageWith } from '../../rootfs/testLayers.ts'
import { parseTransport } from '../../transport/parse.ts'
import { startDockerd, type TestDockerd } from '../../transport/testDockerd.ts'
import { testFolder, tree } from '../../transport/testImages.ts'
import { build } from './build.ts'
import { writeContext } from './corpus/testCase.ts'
import { type SeenImage, seen } from './corpus/testSeen.ts'

const folder = testFolder()
const store = `${folder}/store`
const context = writeContext({
  dockerfile: 'FROM scratch\nCOPY . /\nLABEL from=tar',
  files: {
    f: 'f',
    'd/g': 'g',
    'd/D': 'FROM scratch\nCOPY d /\nLABEL from=d',
    '.dockerignore': 'f\nDockerfile\n.dockerignore',
  },
})
const packed = (letter = '') => execFileSync('tar', [`-c${letter}`, '--sort=name', '-C', context.path, '.'])
let dockerd: TestDockerd

beforeAll(async () => {
  dockerd = await startDockerd({}, { inMemory: true })
})
afterAll(async () => {
  await dockerd.stop()
  context.remove()
})

async function seenAt(place: string): Promise<SeenImage> {
  const source = await parseTransport(place).source()
  try {
    return await seen(await source.resolve(), await imageWith())
  } finally {
    await source.close()
  }
}

async function theirs(args: string[], input: Buffer): Promise<SeenImage> {
  const env = { ...process.env, DOCKER_BUILDKIT: '0' }
  execFileSync('docker', ['-H', `unix://${dockerd.socket}`, 'build', '-q', '-t', 'theirs', ...args], {
    input,
    env,
    stdio: 'pipe',
  })
  await dockerd.docker('save', '-o', `${folder}/theirs.tar`, 'theirs')
  return seenAt(`docker-archive:${folder}/theirs.tar`)
}

function ours(args: string[], input: Buffer): string {
  return execFileSync(process.execPath, [PROGRAM, 'build', '--store', store, ...args], {
    input,
    encoding: 'utf8',
    stdio: 'pipe',
  })
}

describe('what is on stdin is what docker takes it for', () => {
  it.each([
    ['a Dockerfile', ['-'], () => Buffer.from('FROM scratch\nWORKDIR /only/this')],
    ['a tar', ['-'], packed],
    ['a tar with gzip', ['-'], () => packed('z')],
    ['a tar with bzip2', ['-'], () => packed('j')],
    ['a tar with xz', ['-'], () => packed('J')],
    ['a tar with the Dockerfile elsewhere', ['-f', 'd/D', '-'], packed],
    ['a Dockerfile for a folder', ['-f', '-', context.path], () => Buffer.from('FROM scratch\nCOPY . /')],
  ] as const)('%s', async (_what, args, input) => {
    ours(['-q', '-t', 'ours', ...args], input())
    expect(await seenAt(`oci:${store}:ours:latest`)).toEqual(await theirs([...args], input()))
    expect(tree(store).filter(path => path.includes('.ocilab.'))).toEqual([])
  })
})

describe('--iidfile', () => {
  const iidfile = `${folder}/iid`
  it('has the id and nothing else, as docker writes it', () => {
    const id = ours(['-q', '--iidfile', iidfile, '-'], packed()).trim()
    expect(readFileSync(iidfile, 'utf8')).toBe(id)
  })
  it('is gone when the build fails', () => {
    writeFileSync(iidfile, 'stale')
    expect(() => ours(['--iidfile', iidfile, '-'], Buffer.from('FROMM x'))).toThrow('unknown instruction')
    expect(existsSync(iidfile)).toBe(false)
  })
})

describe('what cannot be built', () => {
  it.each([
    ['nothing', '', {}, 'stdin:1:1: dockerfile parse error on line 1: file with no instructions'],
    ['a mistake', 'FROM scratch\nRUNN x', {}, 'stdin:2:1: dockerfile parse error on line 2: unknown instruction: RUNN'],
    ['no context', 'FROM scratch\nCOPY f /', {}, 'COPY failed: file not found in build context'],
    ['neither', 'a\0b', {}, 'neither a tar nor a Dockerfile'],
    ['no Dockerfile', undefined, { file: 'nope/D' }, 'Cannot locate specified Dockerfile: nope/D'],
    ['a Dockerfile outside', undefined, { file: '../../etc/passwd' }, 'Cannot locate specified Dockerfile: etc/passwd'],
    ['both', '', { file: '-' }, "can't use stdin for both build context and dockerfile"],
  ])('%s', async (_what, text, options, message) => {
    const stdin = bytesOf(text === undefined ? packed() : Buffer.from(text))
    await expect(build('-', { store, stdin, ...options })).rejects.toThrow(message)
    expect(readdirSync(store).filter(name => name.startsWith('.ocilab.'))).toEqual([])
  })

  it('a tar that is cut short', async () => {
    const stdin = bytesOf(packed().subarray(0, 2000))
    await expect(build('-', { store, stdin })).rejects.toMatchObject({ code: 'TAR_INVALID' })
  })

  it('a repository', () =>
    expect(build('https://github.com/a/b.git', { store })).rejects.toThrow('URLs and repositories are not fetched'))
})
