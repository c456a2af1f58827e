import { OciError } from '../errors.ts'
import type { RuntimeConfig, RuntimeProcess } from '../spec/runtimeConfig.ts'

/** Checks the fields everything below relies on, with messages for people. Throws `CONFIG_INVALID`, naming the field. */
export function checkRuntimeConfig(json: unknown, where: string): RuntimeConfig {
  const config = want(isObject, 'an object', json, where, 'config') as unknown as RuntimeConfig
  want(isString, 'a version', config.ociVersion, where, 'ociVersion')
  if (config.root !== undefined) want(isString, 'a path', config.root?.path, where, 'root.path')
  if (config.process !== undefined) checkProcess(config.process, where)
  for (const [i, mount] of list(config.mounts, where, 'mounts').entries())
    want(
      isAbsolute,
      'an absolute path',
      (mount as { destination?: unknown })?.destination,
      where,
      `mounts[${i}].destination`,
    )
  const types = list(config.linux?.namespaces, where, 'linux.namespaces').map((namespace, i) =>
    want(isString, 'a namespace', (namespace as { type?: unknown })?.type, where, `linux.namespaces[${i}].type`),
  )
  const twice = types.find((type, i) => types.indexOf(type) !== i)
  if (twice !== undefined) throw invalid(where, 'linux.namespaces', 'each type once', twice)
  return config
}

/** The same for a process alone: that of `exec --process`. */
export function checkProcess(json: unknown, where: string): RuntimeProcess {
  const process = want(isObject, 'an object', json, where, 'process') as RuntimeProcess
  want(isAbsolute, 'an absolute path', process.cwd, where, 'process.cwd')
  for (const name of ['args', 'env'] as const)
    for (const [i, word] of list(process[name], where, `process.${name}`).entries())
      want(isWord, 'a string without NUL', word, where, `process.${name}[${i}]`)
  want(isObject, 'an object', process.user, where, 'process.user')
  return process
}

function list(value: unknown, where: string, field: string): unknown[] {
  if (value === undefined || value === null) return []
  return want(Array.isArray, 'an array', value, where, field) as unknown[]
}

function want(
  test: (value: unknown) => boolean,
  wanted: string,
  value: unknown,
  where: string,
  field: string,
): unknown {
  if (test(value)) return value
  throw invalid(where, field, wanted, value)
}

function invalid(where: string, field: string, wanted: string, got: unknown): OciError {
  const shown = got === undefined ? 'nothing' : JSON.stringify(got)
  return new OciError('CONFIG_INVALID', `${where}: ${field}: want ${wanted}, got ${shown}`, {
    want: wanted,
    got,
    where: field,
  })
}

const isString = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isAbsolute = (value: unknown) => isString(value) && value.startsWith('/')
const isWord = (value: unknown) => typeof value === 'string' && !value.includes('\0')
