import { join } from 'node:path'

// What a layout calls its own files could be parts of a name, too: `a/blobs` is a repository inside of `a`.
const OWN = new Set(['blobs', 'oci-layout', 'index.json', 'index.json.lock'])

/** The folder of a repository, below the registry's. No part of a name begins with `_`, so it can mark what must give way. */
export function pathOf(name: string): string {
  return join(...name.split('/').map(part => (OWN.has(part) ? `_${part}` : part)))
}

/** The name of the repository in a folder below the registry's. */
export function nameOf(path: string): string {
  return path
    .split('/')
    .map(part => (part.startsWith('_') ? part.slice(1) : part))
    .join('/')
}
