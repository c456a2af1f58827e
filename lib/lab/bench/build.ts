import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeTar } from '../../bytes/writeTar.ts'
import { build } from '../../engine/build/build.ts'
import { editImage } from '../../engine/edit/edit.ts'
import { imageFrom } from '../../image/build.ts'
import type { Image } from '../../image/image.ts'
import { memoryBlobs } from '../../image/memory.ts'
import { hostPlatform } from '../../spec/platform.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { parseTransport } from '../../transport/parse.ts'
import { appJar } from '../demo/appJar.ts'
import { busyboxFiles } from '../demo/busyboxFiles.ts'
import { type Docker, startDocker } from './dockerd.ts'
import { benchLayout } from './images.ts'
import { program } from './program.ts'
import { DIST } from './startUp.ts'
import type { Comparison, Contender, Place, Suite } from './suite.ts'

/** What is built: the article's Dockerfile, and one that does a little of everything. */
const DOCKERFILES = {
  article: 'FROM jdk:8\nWORKDIR /\nCOPY app.jar .\nENTRYPOINT ["java","-jar","app.jar"]\n',
  everything:
    'ARG V=1\nFROM tools:v0 AS made\nRUN mkdir /out && echo $((6 * 7)) > /out/answer\nCOPY . /src/\nFROM tools:v0\nARG V\nENV V=$V\n' +
    'WORKDIR /app\nCOPY --from=made /out/ /src/app.jar ./\nRUN rm answer && ls > list\nLABEL v=$V\nEXPOSE 80\nCMD ["cat", "list"]\n',
}

/** Dockerfiles by us and by docker's own builder: all made anew, and all out of the cache. */
export const suite: Suite = {
  async open(place) {
    const docker = await startDocker(place)
    const store = join(place.folder, 'store')
    for (const [name, image] of [
      ['jdk:8', await jdk()],
      ['tools:v0', await tools()],
    ] as const) {
      const archive = join(place.folder, `${name.replace(':', '-')}.tar`)
      await copy(heldImage(image, name), `docker-archive:${archive}:${name}`)
      docker('load', '-i', archive)
      rmSync(archive)
      await copy(heldImage(image, name), `oci:${store}:${name}`)
    }
    const all: Comparison[] = []
    for (const name of ['article', 'everything'] as const) {
      const context = await contextOf(name, place)
      const theirs = (cached: boolean) => dockerBuild(context, docker, cached)
      const title = (cached: boolean) => `build: ${name}, ${cached ? 'cached' : 'anew'}`
      for (const cached of [false, true])
        all.push({ name: title(cached), goal: 1, ours: command(context, store, cached), peers: [theirs(cached)] })
      all.push({
        name: `${title(true)}, as a function`,
        goal: 0.5,
        ours: inHere(context, store),
        peers: [theirs(true)],
      })
    }
    return all
  },
}

function command(context: string, store: string, cached: boolean): Contender {
  const flags = ['--quiet', '--store', store, '--tag', 'bench:v0', ...(cached ? [] : ['--no-cache'])]
  return program('ocilab build', [process.execPath, join(DIST, 'ocilab.cjs'), 'build', ...flags, context])
}

/** Without the start of a program. */
function inHere(context: string, store: string): Contender {
  return { name: 'build()', run: () => build(context, { store, tags: ['bench:v0'] }).then(() => undefined) }
}

function dockerBuild(context: string, docker: Docker, cached: boolean): Contender {
  const run = () => docker('build', '-q', '-t', 'bench:v0', ...(cached ? [] : ['--no-cache']), context)
  return { name: 'docker build', run }
}

async function contextOf(name: keyof typeof DOCKERFILES, { folder }: Place): Promise<string> {
  const context = join(folder, name)
  mkdirSync(context)
  writeFileSync(join(context, 'Dockerfile'), DOCKERFILES[name])
  writeFileSync(join(context, 'app.jar'), await appJar())
  return context
}

/** The java image without its app.jar. */
async function jdk(): Promise<Image> {
  const source = await parseTransport(`oci:${await benchLayout('java-app')}:v0`).source()
  const image = await source.resolve()
  const layers = image.layers.slice(0, -1)
  return editImage(image, { layers, history: layers.map(() => ({})), config: { Entrypoint: undefined } }, memoryBlobs())
}

async function tools(): Promise<Image> {
  return imageFrom({ ...hostPlatform(), layers: [{ tar: writeTar(await busyboxFiles()) }], flavour: 'docker' })
}
