import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readTar } from '../../bytes/readTar.ts'
import type { TarEntry } from '../../bytes/tar.ts'
import { OciError } from '../../errors.ts'
import { type Options, say } from '../../events.ts'
import { runTool } from '../tool.ts'

/** A package of Debian as a file: its name has the version in it. */
export interface Deb {
  readonly file: string
  /** Where it is, once it is fetched. */
  readonly path: string
}

/** The files that hold these packages, in the version this machine would install. Throws `TOOL_MISSING` where there is no apt. */
export async function findPackages(names: readonly string[], folder: string): Promise<Deb[]> {
  const lines = await apt(['download', '--print-uris', ...names])
  return lines
    .split('\n')
    .map(line => line.split(' ')[1])
    .filter(file => file !== undefined)
    .map(file => ({ file, path: join(folder, file) }))
}

/** Fetches the packages that are not here yet, without installing them. ≙ `apt-get download` */
export async function fetchPackages(
  names: readonly string[],
  debs: readonly Deb[],
  folder: string,
  options: Options,
): Promise<void> {
  if (debs.every(deb => existsSync(deb.path))) return
  await mkdir(folder, { recursive: true })
  say(options, `apt-get download ${names.join(' ')}`)
  await apt(['download', ...names], folder)
}

/** The files of a package. ≙ `dpkg-deb --fsys-tarfile` */
export async function* packageFiles(deb: Deb): AsyncGenerator<TarEntry> {
  const child = spawn('dpkg-deb', ['--fsys-tarfile', deb.path], { stdio: ['ignore', 'pipe', 'ignore'] })
  child.once('error', error => child.stdout.destroy(error))
  const ended = once(child, 'close')
  yield* readTar(child.stdout, deb.file)
  const [status] = await ended
  if (status !== 0)
    throw new OciError('COMMAND_FAILED', `dpkg-deb: ${deb.path}: exit ${status}`, { where: deb.path, got: status })
}

/** The JRE that Debian's default-jre-headless stands for here. */
export async function defaultJre(): Promise<{ name: string; version: string }> {
  const depends = await runTool('apt-cache', ['depends', 'default-jre-headless'])
  const [name, version] = /openjdk-(\d+)-jre-headless/.exec(depends) ?? []
  if (name && version) return { name, version }
  throw new OciError('TOOL_MISSING', 'default-jre-headless: not known to apt', { hint: 'sudo apt-get update' })
}

async function apt(args: string[], cwd?: string): Promise<string> {
  try {
    return await runTool('apt-get', ['--quiet', ...args], { cwd })
  } catch (error) {
    throw new OciError(
      'TOOL_MISSING',
      `${(error as Error).message}: the java image is made of Debian packages`,
      { hint: 'sudo apt-get update; or use --image tiny' },
      { cause: error },
    )
  }
}
