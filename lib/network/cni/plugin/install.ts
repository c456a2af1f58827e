import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PACKAGE } from '../../../package.ts'
import { PLUGINS } from './main.ts'

// The program this library came with, wherever it was put.
const PROGRAM = join(PACKAGE, 'dist/cli/cniPlugin.js')

/**
 * Puts our plugins into a folder, for CNI_PATH: each is two lines of shell, for a runtime finds a plugin by its file's name
 * and starts it with a PATH that may have no Node. Answers the folder's absolute path.
 */
export function installPlugins(folder: string): string {
  const absolute = resolve(folder)
  mkdirSync(absolute, { recursive: true })
  for (const name of Object.keys(PLUGINS)) {
    const beside = join(absolute, `.${name}.new`)
    writeFileSync(beside, `#!/bin/sh\nexec '${quoted(process.execPath)}' '${quoted(PROGRAM)}' ${name}\n`)
    chmodSync(beside, 0o755)
    renameSync(beside, join(absolute, name))
  }
  return absolute
}

function quoted(path: string): string {
  return path.replaceAll("'", "'\\''")
}
