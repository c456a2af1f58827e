import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OciError } from '../../errors.ts'
import { DIST } from './startUp.ts'
import type { Place } from './suite.ts'

/** A registry that runs beside us, in a process of its own. */
export interface Server {
  readonly name: string
  readonly url: string
  readonly port: number
  readonly pid: number
}

export async function ourRegistry(place: Place, folder = 'ours'): Promise<Server> {
  const port = await freePort()
  const flags = ['--port', String(port), '--root', join(place.folder, folder)]
  return started('ocilab', port, [process.execPath, join(DIST, 'ocilab.cjs'), 'registry', 'serve', ...flags], place)
}

export async function cncfRegistry(place: Place, folder = 'cncf'): Promise<Server> {
  const port = await freePort()
  const config = join(place.folder, `${folder}.yml`)
  const storage = `storage: {filesystem: {rootdirectory: ${join(place.folder, folder)}}}`
  const log = 'log: {level: error, accesslog: {disabled: true}}'
  writeFileSync(config, `version: 0.1\n${log}\n${storage}\nhttp: {addr: "127.0.0.1:${port}"}\n`)
  return started('docker-registry', port, ['docker-registry', 'serve', config], place)
}

async function started(name: string, port: number, [program, ...args]: string[], place: Place): Promise<Server> {
  const child = spawn(program!, args, { stdio: 'ignore' })
  place.defer(() => ended(child))
  const url = `http://127.0.0.1:${port}`
  for (let attempt = 0; attempt < 200; attempt++) {
    const there = await fetch(`${url}/v2/`).then(
      answer => answer.ok,
      () => false,
    )
    if (there) return { name, url, port, pid: child.pid! }
    await sleep(50)
  }
  throw new OciError('COMMAND_FAILED', `${name}: does not answer at ${url}`, { where: url })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

/**
 * Asks for one thing many times over one connection, and reads all answers into one buffer: so the client takes as
 * little of the machine as it can. All answers are as long as the first one.
 */
export async function askAgain(port: number, path: string, times: number): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: */*\r\nAccept: application/vnd.oci.image.manifest.v1+json\r\n\r\n`
  let head = ''
  let expected = Number.POSITIVE_INFINITY
  let received = 0
  await new Promise<void>((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: {
        buffer: Buffer.alloc(1 << 20),
        callback(length, buffer) {
          received += length
          if (expected === Number.POSITIVE_INFINITY) {
            head += Buffer.from(buffer.buffer, buffer.byteOffset, Math.min(length, 4096)).toString('latin1')
            const [, before, size] = /^(HTTP\/1\.1 200 [\s\S]*?Content-Length: (\d+)[\s\S]*?\r\n\r\n)/i.exec(head) ?? []
            if (before !== undefined) expected = (before.length + Number(size)) * times
            else if (head.length > 8192) socket.destroy(new Error(`${path}: ${head.slice(0, 100)}`))
          }
          if (received >= expected) socket.destroy()
          return true
        },
      },
    })
    socket.on('error', reject)
    socket.on('close', () => (received >= expected ? resolve() : reject(new Error(`${path}: hung up`))))
    // All at once: what is measured is the server, not the way there and back.
    socket.write(request.repeat(times))
  })
}
