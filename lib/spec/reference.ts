import { OciError } from '../errors.ts'
import { type Digest, isDigest, parseDigest } from './digest.ts'

/** A name of an image in a registry, with everything docker leaves unsaid filled in. Grammar: distribution/reference. */
export interface Reference {
  /** Host, with its port when it has one. */
  readonly domain: string
  readonly path: string
  readonly tag?: string
  readonly digest?: Digest
}

const DEFAULT_DOMAIN = 'docker.io'
const LEGACY_DOMAIN = 'index.docker.io'
const OFFICIAL = 'library/'
const NAME_LIMIT = 255

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const HOST_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const HOST = `(?:${HOST_LABEL}(?:\\.${HOST_LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`

const DOMAIN = new RegExp(`^${HOST}$`)
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`)
const TAG = /^\w[\w.-]{0,127}$/
const HEX_ID = /^[a-f0-9]{64}$/

/** Parses what users type: `alpine`, `zengxu/oci-demo-app:v0`, `localhost:5000/x@sha256:…`. Throws `REFERENCE_INVALID`. */
export function parseReference(text: string): Reference {
  if (HEX_ID.test(text)) throw invalid(text, 'a name, not the id of an image')
  const [beforeDigest, digest] = cut(text, '@')
  if (digest !== undefined && !isDigest(digest)) throw invalid(text, 'sha256:<64 hex> after @')
  const [name, tag] = cutTag(beforeDigest)
  if (tag !== undefined && !TAG.test(tag)) throw invalid(text, 'a tag of at most 128 letters, digits, _ . -')
  const { domain, path } = splitDomain(name)
  if (!DOMAIN.test(domain)) throw invalid(text, 'HOST[:PORT]/NAME')
  if (!PATH.test(path))
    throw invalid(text, path === path.toLowerCase() ? 'NAME[:TAG][@DIGEST]' : 'a name in lower case')
  // Both limits hold in the wild: distribution counts the path, older versions the whole name.
  if (path.length > NAME_LIMIT) throw invalid(text, `a name of at most ${NAME_LIMIT} characters`)
  return {
    domain,
    path,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest: parseDigest(digest) }),
  }
}

/** The whole name: `docker.io/library/alpine:3.9`. */
export function showReference(reference: Reference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`
}

/** The name as docker shows it: without docker.io and library. */
export function familiarReference(reference: Reference): string {
  const { domain, path } = reference
  if (domain !== DEFAULT_DOMAIN) return showReference(reference)
  const official = path.startsWith(OFFICIAL) && !path.slice(OFFICIAL.length).includes('/')
  return `${official ? path.slice(OFFICIAL.length) : path}${suffix(reference)}`
}

/** Adds `latest` where there is neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference
}

function suffix({ tag, digest }: Reference): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

// The first part is a host only if it looks like one: a dot, a port, localhost, or a capital letter.
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const isHost = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  const domain = isHost ? first : DEFAULT_DOMAIN
  const path = isHost ? name.slice(slash + 1) : name
  const normal = domain === LEGACY_DOMAIN ? DEFAULT_DOMAIN : domain
  return { domain: normal, path: normal === DEFAULT_DOMAIN && !path.includes('/') ? OFFICIAL + path : path }
}

// A colon before the last slash belongs to a port, not to a tag.
function cutTag(name: string): [string, string | undefined] {
  const colon = name.lastIndexOf(':')
  return colon > name.lastIndexOf('/') ? [name.slice(0, colon), name.slice(colon + 1)] : [name, undefined]
}

function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function invalid(text: string, want: string): OciError {
  const got = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return new OciError('REFERENCE_INVALID', `${JSON.stringify(got)}: not a reference (want ${want})`, {
    want,
    got: text,
  })
}
