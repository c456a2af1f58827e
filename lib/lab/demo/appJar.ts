import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isOciError } from '../../errors.ts'
import { PACKAGE } from '../../package.ts'
import { runTool } from '../tool.ts'
import { writeZip } from './zip.ts'

/** A file that is kept beside the demo's code: what is no TypeScript stays in lib/. */
export const demoFile = (name: string): string => join(PACKAGE, 'lib/lab/demo', name)

/** The source of the program inside the java image. */
export const JAVA_SOURCE = demoFile('java/HelloServer.java')

/** Compiled for the oldest Java that knows its own PID, so that every JRE of Debian 12 and 13 runs it. */
export const JAVAC_FLAGS = ['--release', '11', '-g:none', '-Xlint:-options'] as const

/** The executable jar: compiled here where there is a `javac`, otherwise the one that is kept with the source. */
export async function appJar(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'ocilab-javac-'))
  try {
    await runTool('javac', [...JAVAC_FLAGS, '-d', folder, JAVA_SOURCE])
    return packJar(await readFile(join(folder, 'HelloServer.class')))
  } catch (error) {
    if (!isOciError(error, 'TOOL_MISSING')) throw error
    return readFile(demoFile('app.jar'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Packs the class into a jar that `java -jar` runs; equal classes give equal bytes. ≙ `jar --create --main-class` */
export function packJar(helloServer: Uint8Array): Uint8Array {
  // The jar specification wants CR LF or LF after every line, the last one included.
  const manifest = Buffer.from('Manifest-Version: 1.0\nMain-Class: HelloServer\n\n')
  return writeZip([
    { name: 'META-INF/MANIFEST.MF', bytes: manifest },
    { name: 'HelloServer.class', bytes: helloServer },
  ])
}
