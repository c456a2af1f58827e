import ipaddr from 'ipaddr.js'
import { OciError } from '../../errors.ts'
import { shown } from '../../spec/parse.ts'

/** A port of a container that is asked for on the host; `hostPorts` are the first and last that will do, `[0, 0]` any. */
export interface PortRequest {
  readonly protocol: 'tcp' | 'udp'
  /** Absent: every address of the host, IPv4 and IPv6. */
  readonly hostIp?: string
  readonly hostPorts: readonly [first: number, last: number]
  readonly containerPort: number
}

/** Reads `8000:80`, `127.0.0.1:8000-8010:80-90/udp`, `[::1]::53`, `80` … ≙ docker run --publish. Throws `ARGUMENT_INVALID`, in Docker's words. */
export function parsePorts(text: string): PortRequest[] {
  const [rest, protocol] = protocolOf(text)
  const [hostIp, host, container] = partsOf(rest, text)
  const [first, last] = rangeOf(container, 'containerPort', text)
  const wanted = host === '' ? ([0, 0] as const) : rangeOf(host, 'hostPort', text)
  const count = last - first
  const width = wanted[1] - wanted[0]
  // One port of the container and several of the host: the first of those that is free.
  const anyOf = count === 0 && width > 0
  if (host !== '' && !anyOf && width !== count)
    throw invalid(`invalid ranges specified for container and host Ports: ${container} and ${host}`, text)
  return Array.from({ length: count + 1 }, (_, i) => ({
    protocol,
    ...(hostIp !== '' && { hostIp }),
    hostPorts: host === '' || anyOf ? wanted : ([wanted[0] + i, wanted[0] + i] as const),
    containerPort: first + i,
  }))
}

/**
 * The ports an image exposes, `8000/tcp`, each on any port of the host. ≙ docker run --publish-all. Throws `CONFIG_INVALID` for
 * what is none: which port of the host it is to be is not for an image to say. image-spec config.md § ExposedPorts.
 */
export function exposedPorts(exposed: Readonly<Record<string, object>> = {}): PortRequest[] {
  return Object.keys(exposed)
    .sort()
    .map(text => {
      const [, port, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/i.exec(text) ?? []
      const containerPort = Number(port)
      if (containerPort >= 1 && containerPort <= 65535)
        return { protocol: protocol.toLowerCase() as 'tcp' | 'udp', hostPorts: [0, 0], containerPort }
      throw new OciError('CONFIG_INVALID', `config: ExposedPorts: want port[/tcp|/udp], got ${shown(text)}`, {
        want: 'port[/tcp|/udp]',
        got: text,
      })
    })
}

function protocolOf(text: string): [string, 'tcp' | 'udp'] {
  const [rest = '', protocol = 'tcp', ...more] = text.split('/')
  const name = protocol.toLowerCase()
  if (more.length > 0 || (name !== 'tcp' && name !== 'udp')) throw invalid(`invalid proto: ${protocol}`, text)
  return [rest, name]
}

function partsOf(rest: string, text: string): [hostIp: string, hostPort: string, containerPort: string] {
  const bracketed = /^\[([^\]]*)\]:(.*)$/.exec(rest)
  const parts = (bracketed ? bracketed[2]! : rest).split(':')
  const container = parts.pop() ?? ''
  const host = parts.pop() ?? ''
  const hostIp = bracketed ? bracketed[1]! : parts.join(':')
  if (container === '') throw invalid(`no port specified: ${text}<empty>`, text)
  if (bracketed && parts.length > 0) throw invalid(`invalid containerPort: ${rest}`, text)
  const fits = hostIp === '' || (bracketed ? ipaddr.IPv6.isValid(hostIp) : ipaddr.IPv4.isValidFourPartDecimal(hostIp))
  if (!fits) throw invalid(`invalid IP address: ${hostIp}`, text)
  return [bracketed ? ipaddr.IPv6.parse(hostIp).toString() : hostIp, host, container]
}

function rangeOf(range: string, what: string, text: string): [number, number] {
  const [from = '', to = from, ...more] = range.split('-')
  const [first, last] = [from, to].map(port => (/^\d{1,5}$/.test(port) ? Number(port) : Number.NaN)) as [number, number]
  // Port 0 of the host is any; a container has none.
  const least = what === 'hostPort' ? 0 : 1
  if (more.length > 0 || !(first >= least && last <= 65535 && first <= last))
    throw invalid(`invalid ${what}: ${range}`, text)
  return [first, last]
}

function invalid(message: string, got: string): OciError {
  return new OciError('ARGUMENT_INVALID', `-p ${got}: ${message}`, { got, where: '--publish' })
}
