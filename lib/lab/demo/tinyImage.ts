import { readFile } from 'node:fs/promises'
import type { TarInput } from '../../bytes/tar.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import { imageFrom } from '../../image/build.ts'
import type { Image } from '../../image/image.ts'
import { hostPlatform } from '../../spec/platform.ts'
import { demoFile } from './appJar.ts'
import { busyboxFiles, folder, symlink, text } from './busyboxFiles.ts'
import { dockerExtras } from './dockerExtras.ts'

const CREATED = '2020-05-07T14:44:00Z'

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
      { tar: writeTar(await busyboxFiles()), history: said('ADD busybox in /') },
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

function server(): TarInput[] {
  return [
    ...['usr/local', 'usr/local/sbin', 'srv/www'].map(folder),
    symlink('usr/local/sbin/httpd', '/bin/busybox'),
    text('srv/www/hello', 'hello world\n'),
  ]
}

function said(instruction: string) {
  return { created: CREATED, created_by: `/bin/sh -c #(nop) ${instruction}` }
}
