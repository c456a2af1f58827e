import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { writeFileAtomically } from '../bytes/file.ts'
import { isSystemError, OciError } from '../errors.ts'
import { parseJson } from '../spec/goJson.ts'
import { checkRuntimeConfig } from '../spec/runtime/check.ts'
import type { RuntimeConfig } from '../spec/runtimeConfig.ts'

/** A folder a runtime can run: config.json, and the root file system it names. runtime-spec bundle.md. */
export interface Bundle {
  readonly path: string
  readonly config: RuntimeConfig
  /** Where the container's files are. */
  readonly rootfs: string
  /** Changes the configuration: the article's `sed -i … config.json`, with types. */
  edit(change: (config: RuntimeConfig) => void): Promise<Bundle>
}

/** Opens a bundle. Throws `CONFIG_INVALID` when there is none, or its configuration is not one. */
export async function openBundle(path: string): Promise<Bundle> {
  return bundleOf(resolve(path), await readConfig(path))
}

async function readConfig(path: string): Promise<RuntimeConfig> {
  const file = join(path, 'config.json')
  try {
    return checkRuntimeConfig(parseJson(await readFile(file), file, 'CONFIG_INVALID'), file)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
    throw new OciError(
      'CONFIG_INVALID',
      `${file}: JSON specification file config.json not found`,
      { where: file, hint: 'ocilab spec writes one' },
      { cause: error },
    )
  }
}

function bundleOf(path: string, config: RuntimeConfig): Bundle {
  return {
    path,
    config,
    rootfs: resolve(path, config.root?.path ?? 'rootfs'),
    async edit(change) {
      const edited = structuredClone(config)
      change(edited)
      const file = join(path, 'config.json')
      checkRuntimeConfig(edited, file)
      await writeFileAtomically(file, JSON.stringify(edited, null, '\t'))
      return bundleOf(path, edited)
    },
  }
}
