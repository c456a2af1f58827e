import { LineError } from './error.ts'
import type { RunMount } from './instruction.ts'

const TYPES = ['bind', 'cache', 'tmpfs']
const SHARING = ['shared', 'private', 'locked']
const KEYS = 'type from source target readonly readwrite size id sharing mode uid gid'.split(' ')
const OTHER_NAMES: Record<string, string> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
}
const UNITS: Record<string, number> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** `type=cache,target=/root/.npm`. A bind of the build context unless it says otherwise. Throws {@link LineError}. */
export function parseRunMount(text: string): RunMount {
  const fields = new Map(csvFields(text).map(field => pair(field)))
  const type = (fields.get('type') ?? 'bind').toLowerCase()
  if (type === 'secret' || type === 'ssh')
    throw new LineError(
      `--mount=type=${type}: nothing of this kind is handed to a build here (want ${TYPES.join(', ')})`,
    )
  if (!TYPES.includes(type))
    throw new LineError(`unsupported mount type ${JSON.stringify(type)} (want ${TYPES.join(', ')})`)
  onlyFor(['mode', 'uid', 'gid', 'sharing', 'id'], 'cache', type, fields)
  onlyFor(['size'], 'tmpfs', type, fields)
  const sharing = (fields.get('sharing') ?? 'shared').toLowerCase()
  if (!SHARING.includes(sharing)) throw new LineError(`unsupported sharing value ${JSON.stringify(sharing)}`)
  const target = fields.get('target') ?? ''
  if (target === '') throw new LineError(`--mount=type=${type}: want a target`)
  return {
    type: type as RunMount['type'],
    target,
    source: fields.get('source') ?? '/',
    from: fields.get('from') || undefined,
    readonly: isReadonly(fields, type),
    id: fields.get('id'),
    sharing: sharing as RunMount['sharing'],
    mode: fields.has('mode') ? number(fields, 'mode', 8) : undefined,
    uid: number(fields, 'uid', 10),
    gid: number(fields, 'gid', 10),
    size: fields.has('size') ? bytes(fields.get('size')!) : undefined,
  }
}

function pair(field: string): [string, string] {
  const equals = field.indexOf('=')
  const written = field.slice(0, equals < 0 ? undefined : equals).toLowerCase()
  const key = OTHER_NAMES[written] ?? written
  if (!KEYS.includes(key)) throw new LineError(`unexpected key '${written}' in '${field}'`)
  if (equals >= 0) return [key, field.slice(equals + 1)]
  if (key === 'readonly' || key === 'readwrite') return [key, 'true']
  throw new LineError(`invalid field '${field}' must be a key=value pair`)
}

function onlyFor(keys: string[], want: string, type: string, fields: Map<string, string>): void {
  const found = type === want ? undefined : keys.find(key => fields.has(key))
  if (found) throw new LineError(`${found} not allowed for "${type}" type mounts`)
}

function isReadonly(fields: Map<string, string>, type: string): boolean {
  const readonly = boolean(fields, 'readonly')
  const readwrite = boolean(fields, 'readwrite')
  if (readwrite !== undefined) return !readwrite
  return readonly ?? type === 'bind'
}

function boolean(fields: Map<string, string>, key: string): boolean | undefined {
  const value = fields.get(key)
  if (value === undefined) return undefined
  if (/^(1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  throw new LineError(`invalid value for ${key}: ${value}`)
}

function number(fields: Map<string, string>, key: string, base: 8 | 10): number {
  const text = fields.get(key) ?? '0'
  if (!(base === 8 ? /^[0-7]+$/ : /^\d+$/).test(text)) throw new LineError(`invalid value ${text} for ${key}`)
  return Number.parseInt(text, base)
}

function bytes(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text) ?? []
  if (number === '') throw new LineError(`invalid value for size: ${text}`)
  return Math.floor(Number(number) * UNITS[unit.toLowerCase()]!)
}

/** Fields between commas; a quoted one may have commas in it. RFC 4180 */
function csvFields(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain! : quoted.replaceAll('""', '"'),
  )
}
