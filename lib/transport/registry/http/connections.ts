import { readdirSync, readFileSync } from 'node:fs'
import type { Agent } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isSystemError } from '../../../errors.ts'
import { type Lending, lending } from './lending.ts'
import { node } from './node.ts'

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
  agentFor(url: URL): Agent
  /** For one download: its connection reads into memory that is lent. */
  lendingAgentFor(url: URL): { agent: Agent; lent: Lending }
  close(): void
}

const CERTS_D = ['/etc/containers/certs.d', '/etc/docker/certs.d']

export function connections(options: ConnectionOptions = {}): Connections {
  const agents = new Map<string, Agent>()
  const environment = options.environment ?? process.env
  const make = (url: URL, how: object): Agent => {
    const common = { proxyEnv: proxies(environment), ...how }
    if (url.protocol === 'http:') return new node.http.Agent(common)
    const tls = { rejectUnauthorized: !options.insecure, ...certificatesFor(url.host, options.certificateFolder) }
    return new node.https.Agent({ ...common, ...tls })
  }
  return {
    agentFor(url) {
      const agent = agents.get(url.origin) ?? make(url, { keepAlive: true })
      agents.set(url.origin, agent)
      return agent
    },
    lendingAgentFor(url) {
      const lent = lending({ isTls: url.protocol === 'https:' })
      return { agent: make(url, { onread: lent.onread }), lent }
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
    ...(authorities.length > 0 && { ca: [...node.tls.rootCertificates, ...authorities] }),
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
