import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isSystemError, OciError } from '../../errors.ts'
import { array, object, optional, string } from '../../spec/parse.ts'
import { parseReference, type Reference } from '../../spec/reference.ts'

/** A repository somewhere that may have what is wanted. */
export interface Place {
  readonly domain: string
  readonly path: string
  readonly insecure?: boolean
  readonly isMirror: boolean
}

/** `[[registry]]` of containers-registries.conf(5), as far as it says where to look. */
interface Registry {
  prefix: string
  location: string
  insecure: boolean
  blocked: boolean
  mirrors: { location: string; insecure: boolean; pulls: string }[]
}

/** Where to look for an image, in order: the mirrors given, or else those of registries.conf; last, the registry itself. Throws `DENIED` for a blocked one. */
export async function placesOf(
  reference: Reference,
  mirrors: readonly string[] | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Place[]> {
  const own = { domain: reference.domain, path: reference.path, isMirror: false }
  if (mirrors !== undefined)
    return [...mirrors.map(mirror => ({ ...splitLocation(`${mirror}/${reference.path}`), isMirror: true })), own]
  const name = `${reference.domain}/${reference.path}`
  const registry = longestPrefix(await readRegistries(environment), name)
  if (registry === undefined) return [own]
  if (registry.blocked)
    throw new OciError('DENIED', `${name}: registry ${registry.prefix} is blocked in registries.conf`, { where: name })
  const rest = name.slice(registry.prefix.length)
  const wanted = reference.digest === undefined ? 'tag-only' : 'digest-only'
  const fitting = registry.mirrors.filter(({ pulls }) => pulls === 'all' || pulls === wanted)
  return [
    ...fitting.map(({ location, insecure }) => ({ ...splitLocation(location + rest), insecure, isMirror: true })),
    { ...splitLocation(registry.location + rest), insecure: registry.insecure, isMirror: false },
  ]
}

function splitLocation(text: string): { domain: string; path: string } {
  const { domain, path } = parseReference(text)
  return { domain, path }
}

/** A prefix ends where a part of the name ends; `*.example.com` stands for any host below. */
function longestPrefix(registries: readonly Registry[], name: string): Registry | undefined {
  const fits = ({ prefix }: Registry) => {
    if (prefix.startsWith('*.')) return name.split(/[:/]/)[0]!.endsWith(prefix.slice(1))
    return name === prefix || name.startsWith(`${prefix}/`) || name.startsWith(`${prefix}:`)
  }
  return registries.filter(fits).sort((a, b) => b.prefix.length - a.prefix.length)[0]
}

// Debian's file has only commented examples: nobody waits for a parser of those.
const TABLE = /^\s*\[\[registry/m

async function readRegistries(environment: NodeJS.ProcessEnv): Promise<Registry[]> {
  const { CONTAINERS_REGISTRIES_CONF, HOME } = environment
  const files = CONTAINERS_REGISTRIES_CONF
    ? [CONTAINERS_REGISTRIES_CONF]
    : [join(HOME ?? homedir(), '.config/containers/registries.conf'), '/etc/containers/registries.conf']
  for (const path of files) {
    const text = read(path)
    if (text !== undefined) return TABLE.test(text) ? parseRegistries(text, path) : []
  }
  return []
}

async function parseRegistries(text: string, where: string): Promise<Registry[]> {
  // Few have such a file: who has none does not wait for its parser.
  const { parse } = await import('smol-toml')
  try {
    return array(parse(text).registry ?? [], where).map(it => registryOf(object(it, where), where))
  } catch (error) {
    throw new OciError(
      'CONFIG_INVALID',
      `${where}: ${(error as Error).message.split('\n')[0]}`,
      { where },
      { cause: error },
    )
  }
}

function registryOf(it: Record<string, unknown>, where: string): Registry {
  const text = (value: unknown) => optional(value, given => string(given, where))
  const location = text(it.location) ?? text(it.prefix)
  if (location === undefined)
    throw new OciError('CONFIG_INVALID', `${where}: a registry without prefix and location`, { where })
  return {
    prefix: text(it.prefix) ?? location,
    location,
    insecure: it.insecure === true,
    blocked: it.blocked === true,
    mirrors: array(it.mirror ?? [], where).map(entry => {
      const mirror = object(entry, where)
      const byDigest = it['mirror-by-digest-only'] === true ? 'digest-only' : 'all'
      return {
        location: string(mirror.location, `${where}: mirror.location`),
        insecure: mirror.insecure === true,
        pulls: text(mirror['pull-from-mirror']) ?? byDigest,
      }
    }),
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR') || isSystemError(error, 'EACCES'))
      return undefined
    throw error
  }
}
