import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE } from '../package.ts'
import type { Text } from './claim.ts'

/** What is built, and the folder of its sources, below native/. */
const BUILT = {
  'ocilab.node': '.',
  'ocirun-init': 'init',
  'ocilab-pause': 'pause',
  'seccomp.node': 'seccomp',
  'gunzip.node': 'gunzip',
  'gzip.node': 'gzip',
} as const

const EXPORTED = /(?:exports\.Set|InstanceMethod)\("(\w+)"/g

/**
 * Why what stands in native/build is not what its sources make; undefined when it is. It was built before they changed, or
 * it came from another checkout and lacks what they export. ≙ make -q -C native
 */
export function staleBuild(native: string = join(PACKAGE, 'native')): Text | undefined {
  for (const [name, folder] of Object.entries(BUILT)) {
    const built = join(native, 'build', name)
    if (!existsSync(built)) continue
    const newer = sources(join(native, folder)).find(source => changed(source) > changed(built))
    if (newer) {
      const path = newer.slice(native.length + 1)
      return { en: `build/${name} is older than ${path}`, zh: `build/${name} 比 ${path} 旧` }
    }
  }
  return withoutExport(native)
}

function withoutExport(native: string): Text | undefined {
  const built = join(native, 'build/ocilab.node')
  if (!existsSync(built)) return undefined
  const binary = readFileSync(built)
  const names = sources(native).flatMap(source => [...readFileSync(source, 'utf8').matchAll(EXPORTED)].map(it => it[1]))
  const missing = names.find(name => !binary.includes(`${name}\0`))
  return missing === undefined
    ? undefined
    : {
        en: `build/ocilab.node is of another version: it has no ${missing}`,
        zh: `build/ocilab.node 版本不对：缺少 ${missing}`,
      }
}

function sources(folder: string): string[] {
  return readdirSync(folder)
    .filter(name => /\.(cc|hh|c|h)$/.test(name))
    .map(name => join(folder, name))
}

function changed(path: string): number {
  return statSync(path).mtimeMs
}
