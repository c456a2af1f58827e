import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBundle } from '../bundle/bundle.ts'
import type { RuntimeConfig } from '../spec/runtimeConfig.ts'
import type { RunOptions } from './container.ts'
import { ocirun } from './ocirun.ts'
import { testBundle } from './testBundle.ts'

/** A folder, a runtime of ours in it, and bundles, for one file of tests; `clear` after each, `remove` at the end. */
export function testContainers(name: string) {
  const folder = mkdtempSync(join(tmpdir(), `ocilab-${name}-`))
  const root = join(folder, 'state')
  const runtime = ocirun({ root })
  const bundles: Awaited<ReturnType<typeof testBundle>>[] = []
  let outputs = 0

  async function bundleOf(args: string[], change: (config: RuntimeConfig, rootfs: string) => void = () => {}) {
    const bundle = await testBundle(args)
    bundles.push(bundle)
    await (await openBundle(bundle.path)).edit(config => change(config, join(bundle.path, 'rootfs')))
    return bundle.path
  }

  return {
    ...{ folder, root, runtime, bundleOf },
    /** A container's whole output, once it has ended. */
    async outputOf(id: string, bundle: string, options: RunOptions = {}): Promise<string> {
      const output = join(folder, `output-${outputs++}`)
      const container = await runtime.run(id, bundle, { ...options, output })
      await container.wait({ timeout: 30_000 })
      await container.delete()
      return readFileSync(output, 'utf8')
    },
    async clear() {
      for (const { id } of await runtime.list()) await (await runtime.load(id)).delete({ force: true })
    },
    remove() {
      for (const bundle of bundles) bundle.remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
