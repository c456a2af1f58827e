import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { ValidateFunction } from 'ajv'
import { type ErrorCode, OciError } from '../errors.ts'
import { PACKAGE } from '../package.ts'

/** What can be held against the specs' own JSON schemas. */
export type SchemaKind = 'manifest' | 'index' | 'config' | 'layout' | 'descriptor' | 'runtime' | 'state'

const SCHEMAS: Record<SchemaKind, { spec: 'image' | 'runtime'; file: string; code: ErrorCode }> = {
  manifest: { spec: 'image', file: 'image-manifest-schema.json', code: 'MANIFEST_INVALID' },
  index: { spec: 'image', file: 'image-index-schema.json', code: 'MANIFEST_INVALID' },
  config: { spec: 'image', file: 'config-schema.json', code: 'MANIFEST_INVALID' },
  layout: { spec: 'image', file: 'image-layout-schema.json', code: 'LAYOUT_INVALID' },
  descriptor: { spec: 'image', file: 'content-descriptor.json', code: 'MANIFEST_INVALID' },
  runtime: { spec: 'runtime', file: 'config-schema.json', code: 'CONFIG_INVALID' },
  state: { spec: 'runtime', file: 'state-schema.json', code: 'CONFIG_INVALID' },
}

type Ajv = { addSchema(schema: object, key: string): Ajv; getSchema(key: string): ValidateFunction | undefined }

const loaded = new Map<string, Ajv>()

/** Holds a value against the schema the spec publishes. Throws the kind's `…_INVALID`, naming the field. */
export function validate(kind: SchemaKind, value: unknown, where: string): void {
  const { spec, file, code } = SCHEMAS[kind]
  const check = schemasOf(spec).getSchema(file)!
  if (check(value)) return
  const [error] = check.errors ?? []
  const field = error?.instancePath || '/'
  throw new OciError(code, `${where}: ${field} ${error?.message}`, {
    where: field,
    want: error?.params,
    got: error?.data,
  })
}

// Both specs have a defs.json, so each has a validator of its own. Loaded when first used: it is not small.
function schemasOf(spec: 'image' | 'runtime'): Ajv {
  const before = loaded.get(spec)
  if (before) return before
  const require = createRequire(import.meta.url)
  const Draft04 = (require('ajv-draft-04') as { default: new (options: object) => Ajv }).default
  const ajv = new Draft04({ strict: false, allErrors: false, verbose: true })
  ;(require('ajv-formats') as { default: (ajv: Ajv) => void }).default(ajv)
  const folder = join(PACKAGE, 'lib/spec/schemas', spec)
  for (const file of readdirSync(folder)) ajv.addSchema(JSON.parse(readFileSync(join(folder, file), 'utf8')), file)
  loaded.set(spec, ajv)
  return ajv
}
