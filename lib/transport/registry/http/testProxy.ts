import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'

/** A proxy for tests, which takes every name to be this machine. */
export interface TestProxy {
  readonly url: string
  /** What it was asked for: `CONNECT registry.test:443`. */
  readonly seen: string[]
  close(): void
}

/** With `cutAfter` the first tunnel that has brought so many bytes breaks. */
export async function startProxy({ cutAfter = Number.POSITIVE_INFINITY } = {}): Promise<TestProxy> {
  const seen: string[] = []
  let isCut = false
  const server = createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`)
    const { port, pathname, search } = new URL(incoming.url!)
    const path = pathname + search
    incoming.pipe(
      request({ host: '127.0.0.1', port, path, method: incoming.method, headers: incoming.headers }, answer => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      }),
    )
  })
  server.on('connect', (incoming, socket) => {
    seen.push(`CONNECT ${incoming.url}`)
    const there = connect(Number(incoming.url!.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      there.pipe(socket).pipe(there)
    })
    there.on('data', () => {
      if (isCut || there.bytesRead < cutAfter) return
      isCut = true
      socket.destroy()
    })
    for (const side of [there, socket]) side.on('error', () => socket.destroy())
    socket.on('close', () => there.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A certificate for this machine and `registry.test`, its key, and a folder for who trusts it. */
export function testCertificate(folder: string): { certificate: string; key: string; trusting: string } {
  const [certificate, key, trusting] = ['cert.pem', 'key.pem', 'certs'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:registry.test']
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
  execFileSync('openssl', ['req', '-x509', ...fresh, ...subject, '-out', certificate], { stdio: 'ignore' })
  mkdirSync(trusting)
  copyFileSync(certificate, join(trusting, 'ca.crt'))
  return { certificate, key, trusting }
}
