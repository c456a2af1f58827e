import { join, resolve } from 'node:path'
import { writeFileAtomically } from '../bytes/file.ts'
import { checkRuntimeConfig } from '../spec/runtime/check.ts'
import type { RuntimeConfig } from '../spec/runtimeConfig.ts'
import { readRuntimeConfig } from './configFile.ts'

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
  return bundleOf(resolve(path), readRuntimeConfig(path))
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
