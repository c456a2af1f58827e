import { readFile } from 'node:fs/promises'
import type { TarInput } from '../../bytes/tar.ts'
import { isSystemError, OciError } from '../../errors.ts'
import { runTool } from '../tool.ts'

// Debian 12 has it in /bin, Debian 13 in /usr/bin, and both in both, since one is a link to the other.
const BUSYBOX = '/bin/busybox'
const STATIC = 'sudo apt-get install -y busybox-static'
const FOLDERS = 'dev etc home media mnt opt proc root run srv sys tmp usr var'.split(' ')
const SYSTEM = ['bin', 'lib', 'sbin']

/**
 * The files of a base layer: the folders of every Linux, and a static busybox under the name of each of its applets.
 * `merged` puts bin, lib and sbin below usr/, as packages of today expect it.
 */
export async function busyboxFiles({ merged = false } = {}): Promise<TarInput[]> {
  const applets = (await runTool(BUSYBOX, ['--list'])).split('\n').filter(name => name !== '' && name !== 'busybox')
  const bin = merged ? 'usr/bin' : 'bin'
  const links = [...SYSTEM, 'lib64'].flatMap(name => [folder(`usr/${name}`), symlink(name, `usr/${name}`)])
  return [
    ...FOLDERS.map(name => ({ ...folder(name), mode: name === 'tmp' ? 0o1777 : name === 'root' ? 0o700 : 0o755 })),
    ...(merged ? links : SYSTEM.map(folder)),
    { path: Buffer.from(`${bin}/busybox`), type: 'file', mode: 0o755, body: await busybox() },
    ...applets.sort().map(name => symlink(`${bin}/${name}`, 'busybox')),
    text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
    text('etc/group', 'root:x:0:\nnobody:x:65534:\n'),
  ]
}

export function folder(path: string): TarInput {
  return { path: Buffer.from(path), type: 'directory' }
}

export function text(path: string, body: string): TarInput {
  return { path: Buffer.from(path), type: 'file', body: Buffer.from(body) }
}

export function symlink(path: string, target: string): TarInput {
  return { path: Buffer.from(path), type: 'symlink', mode: 0o777, linkpath: Buffer.from(target) }
}

async function busybox(): Promise<Buffer> {
  try {
    const bytes = await readFile(BUSYBOX)
    // A dynamic one would want libraries that the image does not have; it names its loader.
    if (!bytes.includes('/ld-linux')) return bytes
    throw new OciError('TOOL_MISSING', `${BUSYBOX}: not a static one`, { want: 'busybox-static', hint: STATIC })
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
    throw new OciError(
      'TOOL_MISSING',
      `${BUSYBOX}: not installed here`,
      { want: BUSYBOX, hint: STATIC },
      { cause: error },
    )
  }
}
