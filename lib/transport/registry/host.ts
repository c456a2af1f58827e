import { isIP } from 'node:net'

/** A host's name or address that means this machine. */
export function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return (
    bare === 'localhost' || bare.endsWith('.localhost') || (isIP(bare) === 4 ? bare.startsWith('127.') : bare === '::1')
  )
}

/** Where the API of a registry is: Docker Hub's is not at the name its images have. */
export function apiHost(domain: string): string {
  return domain === 'docker.io' ? 'registry-1.docker.io' : domain
}
