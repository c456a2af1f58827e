import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { isSystemError, OciError, sentence } from '../../errors.ts'
import { checkNetwork, checkType } from './names.ts'
import { newestOf } from './version.ts'

/** One plugin's part of a configuration; what is not the protocol's is the plugin's own. */
export interface PluginConfig {
  readonly type: string
  readonly capabilities?: Readonly<Record<string, boolean>>
  readonly [key: string]: unknown
}

/** A network: a chain of plugins (SPEC.md § 1). */
export interface NetworkConfig {
  readonly name: string
  /** The version that is spoken with the plugins. */
  readonly cniVersion: string
  readonly disableCheck: boolean
  readonly disableGC: boolean
  readonly plugins: readonly PluginConfig[]
  /** As it was read. */
  readonly text: string
}

/**
 * Reads a configuration: a list of plugins (`.conflist`), or a single one (`.conf`), which is a list of one.
 * Throws `CONFIG_INVALID`, and `CNI_FAILED` (1, 6, 7) for a name, type or version that cannot be.
 */
export function parseNetworkConfig(text: string, where = 'CNI configuration'): NetworkConfig {
  const config = parseObject(text, where)
  const { name, cniVersion, cniVersions = [], plugins = [config] } = config
  checkNetwork(name)
  if (!Array.isArray(plugins) || plugins.length === 0) throw invalid(where, 'plugins', 'a list of plugins', plugins)
  for (const plugin of plugins) checkType(plugin?.type)
  if (!Array.isArray(cniVersions)) throw invalid(where, 'cniVersions', 'a list of versions', cniVersions)
  const offered = [...(cniVersion === undefined ? [] : [cniVersion]), ...cniVersions]
  if (offered.length === 0) throw invalid(where, 'cniVersion', 'a version such as 1.0.0', cniVersion)
  if (offered.some(version => typeof version !== 'string')) throw invalid(where, 'cniVersion', 'a text', offered)
  return {
    name,
    cniVersion: newestOf(offered as string[]),
    disableCheck: readBoolean(config, 'disableCheck', where),
    disableGC: readBoolean(config, 'disableGC', where),
    plugins: plugins as PluginConfig[],
    text,
  }
}

/** The network of that name in a folder such as /etc/cni/net.d: lists first, each kind in the order of its names. Throws `CONFIG_INVALID`. */
export function loadNetworkConfig(folder: string, name: string): NetworkConfig {
  const files = filesIn(folder)
  const wanted = (...ends: string[]) => files.filter(file => ends.includes(extname(file)))
  for (const file of [...wanted('.conflist'), ...wanted('.conf', '.json')]) {
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    // Another network's file may be in a version unknown here: it is not the one that was asked for.
    if (parseObject(text, path).name === name) return withSiblings(parseNetworkConfig(text, path), folder)
  }
  throw new OciError('CONFIG_INVALID', `${folder}: no network of this name (want ${name}, got ${files.length} files)`, {
    where: folder,
    want: name,
    got: files,
  })
}

/** SPEC.md § 1: further plugins may lie in a folder with the network's name, unless the list says that it is complete. */
function withSiblings(config: NetworkConfig, folder: string): NetworkConfig {
  const list = parseObject(config.text, folder)
  if (list.plugins === undefined || readBoolean(list, 'loadOnlyInlinedPlugins', folder)) return config
  const more = filesIn(join(folder, config.name), true)
    .filter(file => extname(file) === '.conf')
    .map(file => parseObject(readFileSync(join(folder, config.name, file), 'utf8'), file))
  for (const plugin of more) checkType(plugin.type)
  const plugins = [...config.plugins, ...(more as PluginConfig[])]
  return { ...config, plugins, text: JSON.stringify({ ...list, plugins }) }
}

function filesIn(folder: string, mayLack = false): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    if (mayLack && isSystemError(error, 'ENOENT')) return []
    throw new OciError('CONFIG_INVALID', sentence(error), { where: folder }, { cause: error })
  }
}

function parseObject(text: string, where: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new OciError(
      'CONFIG_INVALID',
      `${where}: not JSON (${(error as Error).message})`,
      { where },
      { cause: error },
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw invalid(where, 'the configuration', 'an object', value)
}

/** libcni takes `"true"` for true, too: such files are about. */
function readBoolean(config: Record<string, unknown>, key: string, where: string): boolean {
  const value = config[key] ?? false
  if (typeof value === 'boolean') return value
  if (value === 'true' || value === 'false') return value === 'true'
  throw invalid(where, key, 'true or false', value)
}

function invalid(where: string, what: string, want: string, got: unknown): OciError {
  return new OciError('CONFIG_INVALID', `${where}: ${what} cannot be used (want ${want}, got ${JSON.stringify(got)})`, {
    where,
    want,
    got,
  })
}
