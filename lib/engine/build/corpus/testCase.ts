import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A file of a context: its text, or what else it is. */
export type TestFile =
  | string
  | { text?: string; mode?: number; link?: string; hardlink?: string; folder?: true; fifo?: true; tar?: string }

/** One Dockerfile that both of us build. */
export interface BuildCase {
  readonly name: string
  readonly dockerfile: string
  readonly files?: Readonly<Record<string, TestFile>>
  /** A Dockerfile that is built first, as `NAME-base`, which {@link dockerfile} may build on as `BASE`. */
  readonly base?: string
  readonly target?: string
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
}

/** Writes a case's context into a folder of its own. */
export function writeContext({ dockerfile, files = {} }: Pick<BuildCase, 'dockerfile' | 'files'>): {
  path: string
  remove(): void
} {
  const path = mkdtempSync(join(tmpdir(), 'ocilab-context-'))
  chmodSync(path, 0o755)
  for (const [name, file] of Object.entries({ Dockerfile: dockerfile, ...files })) {
    const target = join(path, name)
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 })
    const it: Exclude<TestFile, string> = typeof file === 'string' ? { text: file } : file
    if (it.folder) mkdirSync(target, { recursive: true })
    else if (it.link !== undefined) symlinkSync(it.link, target)
    else if (it.hardlink !== undefined) linkSync(join(path, it.hardlink), target)
    else if (it.fifo) execFileSync('mkfifo', [target])
    else if (it.tar !== undefined) writeTestTar(target, it.tar)
    else writeFileSync(target, it.text ?? '')
    if (it.link === undefined && it.hardlink === undefined) chmodSync(target, it.mode ?? (it.folder ? 0o755 : 0o644))
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** A tar, compressed as one of tar's own letters says, with something of everything. */
function writeTestTar(target: string, letter: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-tar-'))
  mkdirSync(join(folder, 'dir/sub'), { recursive: true, mode: 0o750 })
  writeFileSync(join(folder, 'dir/file'), 'in the tar')
  chmodSync(join(folder, 'dir/file'), 0o640)
  linkSync(join(folder, 'dir/file'), join(folder, 'dir/sub/same'))
  symlinkSync('file', join(folder, 'dir/link'))
  execFileSync('tar', [`-c${letter}f`, target, '--owner=11', '--group=22', '--sort=name', '-C', folder, 'dir'])
  rmSync(folder, { recursive: true })
}
