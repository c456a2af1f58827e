import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { PROGRAM } from '../../../../package.ts'
import { digestOf } from '../../../../spec/digest.ts'
import { testFolder } from '../../../testImages.ts'
import { pushedAndPulled } from './testStory.ts'

const root = join(testFolder(), 'registry')
const FEW = 64

it('a registry without a descriptor left says so, lives, and goes on when there are some', async () => {
  const program = [process.execPath, PROGRAM, 'registry', 'serve', '--root', root]
  const server = spawn('prlimit', [`--nofile=${FEW}`, ...program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = String((await once(server.stdout, 'data'))[0]).trim()
  const sockets: Socket[] = []
  try {
    const blob = Buffer.from('a blob')
    const path = `/v2/a/blobs/${digestOf(blob)}`
    const post = await fetch(`${url}/v2/a/blobs/uploads/?digest=${digestOf(blob)}`, { method: 'POST', body: blob })
    expect(post.status).toBe(201)
    for (let i = 0; i < 2 * FEW; i++) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined)
      sockets.push(socket)
    }
    // Those for which there is no descriptor are hung up on.
    while (!sockets.some(it => it.destroyed || it.readableEnded)) await sleep(10)
    const kept = () => sockets.filter(it => !it.destroyed && !it.readableEnded)
    await expect.poll(() => kept().length).toBeLessThan(FEW)
    const [first] = kept()
    first!.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`)
    expect(String((await once(first!, 'data'))[0])).toMatch(
      /^HTTP\/1\.1 503 .*retry-after: 1\r\n.*the registry has too many files open \(EMFILE\)/is,
    )
    for (const socket of sockets) socket.destroy()
    await expect
      .poll(() =>
        fetch(url + path).then(
          answer => answer.status,
          () => 0,
        ),
      )
      .toBe(200)
    const steps = await pushedAndPulled(url)
    expect(steps.filter(({ status, want }) => status !== want)).toEqual([])
    expect(
      readdirSync(root)
        .filter(name => name.startsWith('.'))
        .flatMap(name => readdirSync(join(root, name))),
    ).toEqual([])
  } finally {
    for (const socket of sockets) socket.destroy()
    server.kill('SIGTERM')
    await once(server, 'exit')
  }
  expect(server.exitCode).toBe(143)
})
