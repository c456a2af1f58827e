import { OciError } from '../errors.ts'
import type { Descriptor } from './descriptor.ts'
import { object, optional, string, strings } from './parse.ts'

/** image-spec image-index.md § platform; Go's names for architecture and os. */
export interface Platform {
  architecture: string
  os: string
  'os.version'?: string
  'os.features'?: string[]
  variant?: string
}

// Node's names for processors, as Go calls them.
const ARCHITECTURES: Record<string, string> = {
  x64: 'amd64',
  ia32: '386',
  arm: 'arm',
  arm64: 'arm64',
  ppc64: 'ppc64le',
}

/** The platform images for this machine have: always linux, since containers run on a Linux kernel. */
export function hostPlatform(): Platform {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch
  if (architecture === 'arm64') return { architecture, os: 'linux', variant: 'v8' }
  if (architecture === 'arm') return { architecture, os: 'linux', variant: 'v7' }
  return { architecture, os: 'linux' }
}

/** Parses `os/arch[/variant]`, as `--platform` takes it. Throws `ARGUMENT_INVALID`. */
export function parsePlatform(text: string): Platform {
  const [, os, architecture, variant] = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text) ?? []
  if (os === undefined || architecture === undefined)
    throw new OciError('ARGUMENT_INVALID', `platform: want os/arch[/variant], got ${JSON.stringify(text)}`, {
      want: 'os/arch[/variant]',
      got: text,
    })
  return variant === undefined ? { architecture, os } : { architecture, os, variant }
}

export function parsePlatformObject(json: unknown, where: string): Platform {
  const it = object(json, where)
  const platform: Platform = {
    architecture: string(it.architecture, `${where}.architecture`),
    os: string(it.os, `${where}.os`),
  }
  const version = optional(it['os.version'], value => string(value, `${where}.os.version`))
  const features = optional(it['os.features'], value => strings(value, `${where}.os.features`))
  const variant = optional(it.variant, value => string(value, `${where}.variant`))
  if (version !== undefined) platform['os.version'] = version
  if (features !== undefined) platform['os.features'] = features
  if (variant !== undefined) platform.variant = variant
  return platform
}

export function showPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join('/')
}

/** The manifest of an index for a platform: the same variant before any. Throws `PLATFORM_UNKNOWN`, naming what there is. */
export function choosePlatform(manifests: readonly Descriptor[], want: Platform, where: string): Descriptor {
  const fitting = manifests.filter(
    ({ platform }) => platform?.os === want.os && platform.architecture === want.architecture,
  )
  const exact = fitting.find(({ platform }) => (platform?.variant ?? '') === (want.variant ?? ''))
  const found = exact ?? fitting[0] ?? onlyUnnamed(manifests)
  if (found) return found
  const there = manifests.flatMap(({ platform }) => (platform ? [showPlatform(platform)] : []))
  const got = there.join(', ') || 'none'
  throw new OciError('PLATFORM_UNKNOWN', `${where}: no image for ${showPlatform(want)} (there is ${got})`, {
    want: showPlatform(want),
    got: there,
    where,
  })
}

// An index with one manifest and no platform leaves nothing to choose.
function onlyUnnamed(manifests: readonly Descriptor[]): Descriptor | undefined {
  return manifests.length === 1 && manifests[0]!.platform === undefined ? manifests[0] : undefined
}
