import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTar } from '../../bytes/readTar.ts'
import type { TarEntry } from '../../bytes/tar.ts'
import { isSystemError, OciError } from '../../errors.ts'
import { type Options, say } from '../../events.ts'
import { type Digest, digestOf, parseDigest } from '../../spec/digest.ts'
import { runTool } from '../tool.ts'

// Lessons have no image to choose: what helps has to help there too.
const HINT = 'sudo apt-get update; for a machine without apt there is the lab VM (lab-vm/README.md)'

/** A package of Debian as a file: its name has the version in it. */
export interface Deb {
  readonly file: string
  readonly digest: Digest
  /** Where it is, once it is fetched. */
  readonly path: string
}

/** The files that hold these packages, in the version this machine would install. Throws `TOOL_MISSING` where there is no apt. */
export async function findPackages(names: readonly string[], folder: string): Promise<Deb[]> {
  // apt leaves out what the folder it runs in has already.
  const lines = await inEmptyFolder(tmpdir(), empty => apt(['download', '--print-uris', ...names], empty))
  const debs = [...lines.matchAll(/^'[^']+' (\S+) \d+ SHA256:([0-9a-f]{64})$/gm)].map(([, file, hex]) => ({
    file: file!,
    digest: parseDigest(`sha256:${hex}`),
    path: join(folder, file!),
  }))
  const absent = names.filter(name => !debs.some(deb => deb.file.startsWith(`${name}_`)))
  if (absent.length === 0) return debs
  throw new OciError('TOOL_MISSING', `${absent.join(', ')}: apt has no file for it`, {
    want: names,
    got: debs.map(deb => deb.file),
    hint: HINT,
  })
}

/** Fetches the packages that are not here yet or not whole, without installing them. ≙ `apt-get download` */
export async function fetchPackages(
  names: readonly string[],
  debs: readonly Deb[],
  folder: string,
  options: Options,
): Promise<void> {
  const whole = await Promise.all(debs.map(deb => isWhole(deb.path, deb.digest)))
  if (whole.every(Boolean)) return
  await mkdir(folder, { recursive: true })
  say(options, `apt-get download ${names.join(' ')}`)
  // Beside, and renamed when it is whole: a download that was cut off is never taken for the package.
  await inEmptyFolder(folder, async beside => {
    await apt(['download', ...names], beside)
    for (const deb of debs) {
      const fetched = join(beside, deb.file)
      if (!(await isWhole(fetched, deb.digest)))
        throw new OciError('DIGEST_INVALID', `${deb.file}: not what apt promised (want ${deb.digest})`, {
          where: deb.file,
          want: deb.digest,
        })
      await rename(fetched, deb.path)
    }
  })
}

async function isWhole(path: string, digest: Digest): Promise<boolean> {
  try {
    return digestOf(await readFile(path)) === digest
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

async function inEmptyFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, 'ocilab-apt-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The files of a package. ≙ `dpkg-deb --fsys-tarfile` */
export async function* packageFiles(deb: Deb): AsyncGenerator<TarEntry> {
  const child = spawn('dpkg-deb', ['--fsys-tarfile', deb.path], { stdio: ['ignore', 'pipe', 'ignore'] })
  child.once('error', error => child.stdout.destroy(error))
  const ended = once(child, 'close')
  // Where there is no such program, its output says so first.
  ended.catch(() => undefined)
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

async function apt(args: string[], cwd: string): Promise<string> {
  try {
    return await runTool('apt-get', ['--quiet', ...args], { cwd })
  } catch (error) {
    throw new OciError(
      'TOOL_MISSING',
      `${(error as Error).message}: the java image is made of Debian packages`,
      { hint: HINT },
      { cause: error },
    )
  }
}
