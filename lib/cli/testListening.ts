import { readFileSync } from 'node:fs'

const LISTEN = '0A'

/** The addresses, as the kernel writes them, at which somebody listens on a port. */
export function listeningAt(port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap(table => readFileSync(table, 'utf8').trim().split('\n').slice(1))
    .map(line => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTEN && local!.endsWith(`:${wanted}`))
    .map(([, local]) => local!.slice(0, -5))
}

/** 127.0.0.1, as the kernel writes it. */
export const LOOPBACK = '0100007F'
