import { readdirSync, readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { isSystemError } from '../../../errors.ts'

export interface ConnectionOptions {
  /** Certificates nobody vouches for are accepted. */
  insecure?: boolean
  /** Whose certificates to take, instead of those in docker's and podman's certs.d/HOST. ≙ `--cert-dir` */
  certificateFolder?: string
  /** Where `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are. */
  environment?: NodeJS.ProcessEnv
}

/** The connections of one client: kept alive between requests, through proxies, with the certificates each host wants. */
export interface Connections {
  agentFor(url: URL, lend: boolean): HttpAgent
  close(): void
}

const CERTS_D = ['/etc/containers/certs.d', '/etc/docker/certs.d']
const BUFFER = 1 << 20

export function connections(options: ConnectionOptions = {}): Connections {
  const agents = new Map<string, HttpAgent>()
  const environment = options.environment ?? process.env
  const make = (url: URL, lend: boolean): HttpAgent => {
    const common = { keepAlive: true, proxyEnv: proxies(environment), ...(lend && { onread: lentBuffer() }) }
    if (url.protocol === 'http:') return new HttpAgent(common)
    const tls = { rejectUnauthorized: !options.insecure, ...certificatesFor(url.host, options.certificateFolder) }
    return new HttpsAgent({ ...common, ...tls })
  }
  return {
    agentFor(url, lend) {
      // A lent buffer is one download's own: nobody else may read on that connection.
      if (lend) return make(url, true)
      const key = url.origin
      const agent = agents.get(key) ?? make(url, false)
      agents.set(key, agent)
      return agent
    },
    close() {
      for (const agent of agents.values()) agent.destroy()
    },
  }
}

/** Node takes the proxy for https from either spelling, but an empty one is none. */
function proxies(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']
  return Object.fromEntries(names.flatMap(name => (environment[name] ? [[name, environment[name]]] : [])))
}

/**
 * Node reads 64 KiB at a time into fresh memory; for a blob it is cheaper to read up to 1 MiB into memory that is used
 * again. The parser of node:http takes the bytes as if they had come the usual way.
 */
function lentBuffer() {
  return {
    buffer: Buffer.allocUnsafeSlow(BUFFER),
    callback(this: NodeJS.EventEmitter, size: number, buffer: Uint8Array) {
      this.emit('data', Buffer.from(buffer.buffer, buffer.byteOffset, size))
      return true
    },
  }
}

interface Certificates {
  ca?: string[]
  cert?: string
  key?: string
}

/** `certs.d/HOST[:PORT]`: `*.crt` are authorities beside the system's; `*.cert` with `*.key` say who we are. containers-certs.d(5) */
export function certificatesFor(host: string, folder?: string): Certificates {
  const home = join(homedir(), '.config/containers/certs.d')
  const folders = folder === undefined ? [home, ...CERTS_D].map(it => join(it, host)) : [folder]
  for (const it of folders) {
    const found = certificatesIn(it)
    if (found) return found
  }
  return {}
}

function certificatesIn(folder: string): Certificates | undefined {
  const names = list(folder)
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const authorities = names.filter(name => name.endsWith('.crt')).map(read)
  const own = names.find(name => name.endsWith('.cert'))
  if (authorities.length === 0 && own === undefined) return undefined
  return {
    // What is given replaces Node's own list: it is put beside it.
    ...(authorities.length > 0 && { ca: [...rootCertificates, ...authorities] }),
    ...(own !== undefined && { cert: read(own), key: read(own.replace(/\.cert$/, '.key')) }),
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return []
    throw error
  }
}
