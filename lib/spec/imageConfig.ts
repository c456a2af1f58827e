import { OciError } from '../errors.ts'
import { type Digest, parseDigest } from './digest.ts'
import { goJson, parseJson, sortedMap } from './goJson.ts'
import { array, boolean, object, optional, record, shown, string, strings } from './parse.ts'

/** The image configuration of image-spec config.md; Docker's adds fields, which are kept in `raw` bytes and dropped by OCI writers. */
export interface ImageConfig {
  created?: string
  author?: string
  architecture: string
  os: string
  'os.version'?: string
  'os.features'?: string[]
  variant?: string
  config?: ProcessDefaults
  rootfs: { type: 'layers'; diff_ids: Digest[] }
  history?: History[]
}

/** How a container of this image is to be run, unless told otherwise. */
export interface ProcessDefaults {
  User?: string
  ExposedPorts?: Record<string, object>
  Env?: string[]
  Entrypoint?: string[]
  Cmd?: string[]
  Volumes?: Record<string, object>
  WorkingDir?: string
  Labels?: Record<string, string>
  StopSignal?: string
  ArgsEscaped?: boolean
}

/** One line of `docker history`; empty_layer marks an instruction that made no layer. */
export interface History {
  created?: string
  created_by?: string
  author?: string
  comment?: string
  empty_layer?: boolean
}

/** Parses an image configuration, OCI's or Docker's; what OCI has no field for is left out. Throws `MANIFEST_INVALID`. */
export function parseImageConfig(raw: Uint8Array, where: string): ImageConfig {
  const it = object(parseJson(raw, where, 'MANIFEST_INVALID', 8 << 20), where)
  const rootfs = object(it.rootfs, `${where}: rootfs`)
  if (rootfs.type !== 'layers')
    throw new OciError('MANIFEST_INVALID', `${where}: rootfs.type: want "layers", got ${shown(rootfs.type)}`, {
      want: 'layers',
      got: rootfs.type,
      where,
    })
  const diffIds = array(rootfs.diff_ids ?? [], `${where}: rootfs.diff_ids`)
  return present({
    created: text(it, 'created', where),
    author: text(it, 'author', where),
    architecture: text(it, 'architecture', where) ?? '',
    os: text(it, 'os', where) ?? '',
    'os.version': text(it, 'os.version', where),
    'os.features': optional(it['os.features'], value => strings(value, `${where}: os.features`)),
    variant: text(it, 'variant', where),
    config: optional(it.config, value => parseProcessDefaults(value, `${where}: config`)),
    rootfs: {
      type: 'layers' as const,
      diff_ids: diffIds.map((id, i) => parseDigest(id, `${where}: rootfs.diff_ids[${i}]`)),
    },
    history: optional(it.history, value =>
      array(value, `${where}: history`).map((line, i) => parseHistory(line, `${where}: history[${i}]`)),
    ),
  })
}

function parseProcessDefaults(json: unknown, where: string): ProcessDefaults {
  const it = object(json, where)
  const list = (name: string) => optional(it[name], value => strings(value, `${where}.${name}`))
  const set = (name: string) => optional(it[name], value => object(value, `${where}.${name}`) as Record<string, object>)
  return present({
    User: text(it, 'User', where) || undefined,
    ExposedPorts: set('ExposedPorts'),
    Env: list('Env'),
    Entrypoint: list('Entrypoint'),
    Cmd: list('Cmd'),
    Volumes: set('Volumes'),
    WorkingDir: text(it, 'WorkingDir', where) || undefined,
    Labels: optional(it.Labels, value => record(value, `${where}.Labels`)),
    StopSignal: text(it, 'StopSignal', where) || undefined,
    ArgsEscaped: optional(it.ArgsEscaped, value => boolean(value, `${where}.ArgsEscaped`)) || undefined,
  })
}

function parseHistory(json: unknown, where: string): History {
  const it = object(json, where)
  return present({
    created: text(it, 'created', where),
    created_by: text(it, 'created_by', where) || undefined,
    author: text(it, 'author', where) || undefined,
    comment: text(it, 'comment', where) || undefined,
    empty_layer: optional(it.empty_layer, value => boolean(value, `${where}.empty_layer`)) || undefined,
  })
}

/** The bytes of a configuration in the order of image-spec's Go struct, compact: what skopeo writes for OCI. */
export function writeImageConfig(it: ImageConfig): Uint8Array {
  const { created, author, architecture, os, variant, config, rootfs, history } = it
  const platform = { architecture, os, 'os.version': it['os.version'], 'os.features': it['os.features'], variant }
  const value = {
    created,
    author: author || undefined,
    ...platform,
    config: config ? writableDefaults(config) : {},
    rootfs: { type: rootfs.type, diff_ids: rootfs.diff_ids },
    history: filled(history)?.map(writableHistory),
  }
  return new TextEncoder().encode(goJson(value))
}

function writableDefaults(it: ProcessDefaults): object {
  const map = <T>(value: Record<string, T> | undefined) =>
    value && Object.keys(value).length > 0 ? sortedMap(value) : undefined
  return {
    User: it.User || undefined,
    ExposedPorts: map(it.ExposedPorts),
    Env: filled(it.Env),
    Entrypoint: filled(it.Entrypoint),
    Cmd: filled(it.Cmd),
    Volumes: map(it.Volumes),
    WorkingDir: it.WorkingDir || undefined,
    Labels: map(it.Labels),
    StopSignal: it.StopSignal || undefined,
    ArgsEscaped: it.ArgsEscaped || undefined,
  }
}

function writableHistory(it: History): object {
  const { created, created_by, author, comment, empty_layer } = it
  return {
    created,
    created_by: created_by || undefined,
    author: author || undefined,
    comment: comment || undefined,
    empty_layer: empty_layer || undefined,
  }
}

function filled<T>(list: T[] | undefined): T[] | undefined {
  return list && list.length > 0 ? list : undefined
}

function text(it: Record<string, unknown>, name: string, where: string): string | undefined {
  return optional(it[name], value => string(value, `${where}: ${name}`))
}

/** Without the fields that are undefined: absent stays absent. */
function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T
}
