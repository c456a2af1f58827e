import { writeFileSync } from 'node:fs'
import { readIfThere } from '../../bytes/readIfThere.ts'

/** What /etc/hosts of a container says: itself, its own addresses, and (`neighbours`) who else answers there. */
export function hostsFile(names: string, addresses: readonly string[], neighbours: readonly string[] = []): string {
  return [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'ff00::\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    ...addresses.map(address => `${address}\t${names}`),
    ...neighbours.map(name => `127.0.0.1\t${name}`),
    '',
  ].join('\n')
}

// A server on 127.0.0.1 is the container's own there. Docker falls back to these two as well.
const PUBLIC_SERVERS = ['nameserver 8.8.8.8', 'nameserver 8.8.4.4']

/** The host's resolv.conf without name servers that a container cannot reach. */
export function resolvConf(host: string): string {
  const lines = host.split('\n').filter(line => !/^\s*nameserver\s+(127\.|::1\b)/.test(line))
  const some = lines.some(line => /^\s*nameserver\s/.test(line))
  return `${[...lines, ...(some ? [] : PUBLIC_SERVERS)].join('\n').trim()}\n`
}

/** Writes the three files a container has instead of its image's. `host`: it is in the host's network, and names things as the host does. */
export function writeEtcFiles(
  paths: { hosts: string; hostname: string; resolvConf: string },
  {
    hostname,
    addresses,
    host,
    names = hostname,
    neighbours,
  }: {
    hostname: string
    addresses: readonly string[]
    host: boolean
    names?: string
    neighbours?: readonly string[]
  },
): void {
  writeFileSync(paths.hostname, `${hostname}\n`)
  writeFileSync(paths.hosts, host ? readIfThere('/etc/hosts') : hostsFile(names, addresses, neighbours))
  const servers = readIfThere('/etc/resolv.conf')
  writeFileSync(paths.resolvConf, host ? servers : resolvConf(servers))
}
