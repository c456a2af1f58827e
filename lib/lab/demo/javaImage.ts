import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Bytes } from '../../bytes/bytes.ts'
import type { TarInput } from '../../bytes/tar.ts'
import { writeTar } from '../../bytes/writeTar.ts'
import type { Options } from '../../events.ts'
import { imageFrom } from '../../image/build.ts'
import type { Image } from '../../image/image.ts'
import { digestOf, hexOf } from '../../spec/digest.ts'
import { hostPlatform } from '../../spec/platform.ts'
import { blobDirectory } from '../../transport/blobDirectory.ts'
import { appJar } from './appJar.ts'
import { busyboxFiles, folder, text } from './busyboxFiles.ts'
import { dockerExtras } from './dockerExtras.ts'
import { type Deb, defaultJre, fetchPackages, findPackages, packageFiles } from './packages.ts'
import { recall, remember } from './remembered.ts'

const CREATED = '2020-05-07T14:44:00Z'
/** What the JVM is linked with. */
const LIBRARIES = ['libc6', 'zlib1g', 'libgcc-s1', 'libstdc++6']
const UNNEEDED = /^usr\/share\/(doc|man|lintian|bug|gdb|locale)\//

/** The article's four layers for real: a small base, a tiny layer, a JRE from Debian's packages, and app.jar. */
export async function javaImage(options: Options = {}): Promise<Image> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ocilab')
  const jre = await defaultJre()
  const names = [...LIBRARIES, jre.name]
  const debs = await findPackages(names, join(cache, 'debs'))
  const jar = await appJar()
  // The same packages and the same jar make the same image: made once, it is opened from the cache.
  const key = hexOf(digestOf(JSON.stringify([debs.map(deb => deb.file), digestOf(jar)]))).slice(0, 16)
  const home = join(cache, `java-${key}`)
  const blobs = blobDirectory(home)
  const made = await recall(home, blobs)
  if (made) return made
  await fetchPackages(names, debs, join(cache, 'debs'), options)
  const image = await imageFrom(await recipe(debs, jre, jar), blobs)
  await blobs.close()
  await remember(home, image.descriptor)
  return image
}

async function recipe(debs: Deb[], { name, version }: { name: string; version: string }, jar: Uint8Array) {
  const architecture = hostPlatform().architecture
  const home = `/usr/lib/jvm/java-${version}-openjdk-${architecture}`
  const config = {
    Env: [
      `PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${home}/bin`,
      'LANG=C.UTF-8',
      `JAVA_HOME=${home}`,
      `JAVA_VERSION=${version}`,
    ],
    Entrypoint: ['java', '-jar', 'app.jar'],
    WorkingDir: '/',
  }
  const isJre = (deb: Deb) => deb.file.startsWith(`${name}_`)
  return {
    ...hostPlatform(),
    created: CREATED,
    config,
    layers: [
      { tar: base(debs.filter(deb => !isJre(deb))), history: said('ADD busybox and libc in /') },
      { tar: javaHome(home), history: said(`ENV JAVA_HOME=${home}`) },
      { tar: writeTar(filesOf(debs.filter(isJre))), history: said(`RUN install ${name}`) },
      {
        tar: writeTar([{ path: Buffer.from('app.jar'), type: 'file' as const, body: jar }]),
        history: said('COPY app.jar .'),
      },
    ],
    emptyHistory: [said('ENTRYPOINT ["java","-jar","app.jar"]')],
    flavour: 'docker' as const,
    dockerExtras: dockerExtras(config, 'ENTRYPOINT ["java","-jar","app.jar"]'),
  }
}

async function* base(debs: Deb[]): Bytes {
  async function* files(): AsyncGenerator<TarInput> {
    yield* await busyboxFiles({ merged: true })
    yield* filesOf(debs)
  }
  yield* writeTar(files())
}

/** The tiny layer: one script that says where Java is. */
function javaHome(home: string): Bytes {
  return writeTar([
    folder('usr/local'),
    folder('usr/local/bin'),
    { ...text('usr/local/bin/docker-java-home', `#!/bin/sh\necho ${home}\n`), mode: 0o755 },
  ])
}

/** The files of packages, each folder once, and all below usr/ as Debian has had it since its version 12. */
async function* filesOf(debs: Deb[]): AsyncGenerator<TarInput> {
  const seen = new Set<string>()
  for (const deb of debs)
    for await (const entry of packageFiles(deb)) {
      const path = merged(entry.path.toString('latin1'))
      if (path === '' || MERGED.has(path) || UNNEEDED.test(path) || (entry.type === 'directory' && seen.has(path)))
        continue
      seen.add(path)
      yield {
        ...entry,
        path: Buffer.from(path, 'latin1'),
        linkpath:
          entry.type === 'hardlink'
            ? Buffer.from(merged(entry.linkpath!.toString('latin1')), 'latin1')
            : entry.linkpath,
      }
    }
}

const MERGED = new Set(['bin', 'sbin', 'lib', 'lib64', 'usr', 'etc', 'usr/bin', 'usr/sbin', 'usr/lib'])

function merged(name: string): string {
  const path = name.replace(/^\.?\//, '').replace(/\/$/, '')
  return path.replace(/^(bin|sbin|lib|lib64)\//, 'usr/$1/')
}

function said(instruction: string) {
  return { created: CREATED, created_by: `/bin/sh -c #(nop) ${instruction}` }
}
