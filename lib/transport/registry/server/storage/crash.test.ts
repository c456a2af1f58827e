import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { digestOf } from '../../../../spec/digest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../../../../spec/mediaTypes.ts'
import { manifestOf } from '../testRegistry.ts'
import { mustBeWhole } from './testStored.ts'

// OCILAB_SWEEP=1 kills twenty times.
const ROUNDS = process.env.OCILAB_SWEEP ? 20 : 6
const PROGRAM = fileURLToPath(new URL('../../../../../dist/ocilab.cjs', import.meta.url))

const root = mkdtempSync(join(tmpdir(), 'ocilab-crash-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function serve(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [PROGRAM, 'registry', 'serve', '--root', root], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(child.stdout!, 'data')
  return { child, url: String(line).trim() }
}

async function push(url: string, i: number): Promise<void> {
  const blob = Buffer.alloc(3_000_000, `round ${i}`)
  const post = async (name: string, bytes: Uint8Array<ArrayBuffer>) => {
    const answer = await fetch(`${url}/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`, {
      method: 'POST',
      body: bytes,
    })
    expect(answer.status).toBe(201)
  }
  for (const name of ['a', 'b/c']) {
    await post(name, blob)
    const config = { mediaType: OCI_CONFIG, digest: digestOf(blob), size: blob.length }
    const answer = await fetch(`${url}/v2/${name}/manifests/v${i}`, {
      method: 'PUT',
      body: manifestOf({ config }),
      headers: { 'content-type': OCI_MANIFEST },
    })
    expect(answer.status).toBe(201)
  }
}

it(`killed ${ROUNDS} times in the middle of pushes, it has every blob whole, and piles nothing up`, async () => {
  // A seed makes the moments the same each time, as far as a machine lets them be.
  let seed = 20_200_501
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  for (let i = 0; i < ROUNDS; i++) {
    const { child, url } = await serve()
    const pushing = push(url, i).then(
      () => 'done',
      () => 'broken',
    )
    await Promise.race([pushing, sleep(random() * 60)])
    child.kill('SIGKILL')
    await once(child, 'close')
    await pushing
    mustBeWhole(root)
  }
  const { child, url } = await serve()
  try {
    for (let i = 0; i < ROUNDS; i++) await push(url, i)
    mustBeWhole(root)
    // What dead ones left unfinished is gone; the living one's own folder is there and empty.
    const unfinished = readdirSync(root).filter(name => name.startsWith('.'))
    expect(unfinished).toHaveLength(1)
    expect(readdirSync(join(root, unfinished[0]!))).toEqual([])
  } finally {
    child.kill('SIGTERM')
    await once(child, 'close')
  }
  expect(child.exitCode).toBe(143)
  const garbage = execFileSync(process.execPath, [PROGRAM, 'registry', 'gc', '--root', root, '--json'], {
    encoding: 'utf8',
  })
  expect(JSON.parse(garbage)).toEqual({ manifests: 0, blobs: 0, freed: 0 })
  mustBeWhole(root)
  expect(readdirSync(root).filter(name => name.startsWith('.'))).toEqual([])
}, 180_000)
