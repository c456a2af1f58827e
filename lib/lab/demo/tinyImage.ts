import { readFile } from 'node:fs/promises'
import type { TarInput } from '../../bytes/tar.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { isSystemError, OciError } from '../../errors.ts'
import { imageFrom } from '../../image/build.ts'
import type { Image } from '../../image/image.ts'
import { hostPlatform } from '../../spec/platform.ts'
import { runTool } from '../tool.ts'
import { demoFile } from './appJar.ts'
import { dockerExtras } from './dockerExtras.ts'

const BUSYBOX = '/bin/busybox'
const CREATED = '2020-05-07T14:44:00Z'
const FOLDERS = 'bin dev etc home lib media mnt opt proc root run sbin srv sys tmp usr var'.split(' ')

/** The article's four layers in small: a static busybox for the base, its httpd for the JDK, a script for app.jar. */
export async function tinyImage(): Promise<Image> {
  const config = {
    Env: [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'LANG=C.UTF-8',
      'HTTPD=/usr/local/sbin/httpd',
    ],
    Entrypoint: ['sh', 'app.sh'],
    WorkingDir: '/',
  }
  return imageFrom({
    ...hostPlatform(),
    created: CREATED,
    config,
    layers: [
      { tar: writeTar(await base()), history: said('ADD busybox in /') },
      {
        tar: writeTar([
          folder('etc/profile.d'),
          text('etc/profile.d/httpd.sh', 'export HTTPD=/usr/local/sbin/httpd\n'),
        ]),
        history: said('ENV HTTPD=/usr/local/sbin/httpd'),
      },
      { tar: writeTar(server()), history: said('RUN install httpd') },
      {
        tar: writeTar([{ ...text('app.sh', await readFile(demoFile('tiny/app.sh'), 'utf8')), mode: 0o755 }]),
        history: said('COPY app.sh .'),
      },
    ],
    emptyHistory: [said('ENTRYPOINT ["sh","app.sh"]')],
    flavour: 'docker',
    dockerExtras: dockerExtras(config, 'ENTRYPOINT ["sh","app.sh"]'),
  })
}

async function base(): Promise<TarInput[]> {
  const applets = (await runTool(BUSYBOX, ['--list'])).split('\n').filter(name => name !== '' && name !== 'busybox')
  return [
    ...FOLDERS.map(name => ({ ...folder(name), mode: name === 'tmp' ? 0o1777 : name === 'root' ? 0o700 : 0o755 })),
    { path: Buffer.from('bin/busybox'), type: 'file', mode: 0o755, body: await busybox() },
    ...applets.sort().map(name => symlink(`bin/${name}`, 'busybox')),
    text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
    text('etc/group', 'root:x:0:\nnobody:x:65534:\n'),
  ]
}

function server(): TarInput[] {
  return [
    ...['usr/local', 'usr/local/sbin', 'srv/www'].map(folder),
    symlink('usr/local/sbin/httpd', '/bin/busybox'),
    text('srv/www/hello', 'hello world\n'),
  ]
}

async function busybox(): Promise<Buffer> {
  try {
    return await readFile(BUSYBOX)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
    throw new OciError(
      'TOOL_MISSING',
      `${BUSYBOX}: not installed here`,
      { want: BUSYBOX, hint: 'sudo apt-get install -y busybox-static' },
      { cause: error },
    )
  }
}

function folder(path: string): TarInput {
  return { path: Buffer.from(path), type: 'directory' }
}

function text(path: string, body: string): TarInput {
  return { path: Buffer.from(path), type: 'file', body: Buffer.from(body) }
}

function symlink(path: string, target: string): TarInput {
  return { path: Buffer.from(path), type: 'symlink', mode: 0o777, linkpath: Buffer.from(target) }
}

function said(instruction: string) {
  return { created: CREATED, created_by: `/bin/sh -c #(nop) ${instruction}` }
}
