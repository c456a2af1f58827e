import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emit, type Options } from '../events.ts'
import { labNames, type NetworkNames } from '../network/names.ts'
import type { Runtime } from '../runtime/container.ts'
import { runtimeNamed } from '../runtime/named.ts'
import type { RunningRegistry } from '../transport/registry/server/server.ts'
import { startRegistry } from '../transport/registry/server/server.ts'
import { type DemoImage, demoImage } from './demo/demo.ts'

/** The article's words for one walk through it: names, folders, and the image that is walked with. */
export interface Lab {
  readonly id: string
  readonly demo: DemoImage
  readonly names: NetworkNames
  readonly runtime: Runtime
  readonly registry: RunningRegistry
  readonly credentials: { username: string; password: string }
  /** `127.0.0.1:PORT/zengxu/oci-demo-app:v0` */
  readonly reference: string
  readonly container: string
  /** What the image runs: entrypoint and command. */
  readonly args: string[]
  /** What a listing of its root must show. */
  readonly rootNames: readonly string[]
  readonly path: LabPaths
}

export interface LabPaths {
  readonly folder: string
  readonly archive: string
  readonly extracted: string
  readonly exported: string
  readonly layout: string
  readonly byHand: string
  readonly bundle: string
  readonly log: string
}

export interface LabOptions {
  /** `default` gives the article's own names, another id names that never collide with it. */
  id?: string
  /** `tiny`, `java`, `hub`, or any image name. */
  image?: string
  /** `ocirun` (ours, the default), `runc`, `crun`, or the path of a runtime. */
  runtime?: string
}

/** Opens a lab: makes the demo image, an own folder and a registry that asks for tokens. */
export async function openLab(choice: LabOptions, options: Options): Promise<{ lab: Lab; close(): Promise<void> }> {
  const { id = 'default', image = 'tiny', runtime = 'ocirun' } = choice
  const demo = await demoImage(image, options)
  const folder = mkdtempSync(join(tmpdir(), `ocilab-${id}-`))
  const undo = { kind: 'directory', path: folder } as const
  emit(options, { type: 'change', undo })
  const credentials = { username: 'learner', password: 'hello-oci' }
  const registry = await startRegistry({
    root: join(folder, 'registry'),
    users: { [credentials.username]: credentials.password },
  })
  const lab: Lab = {
    id,
    demo,
    names: labNames(id),
    runtime: runtimeNamed(runtime, { root: `/run/ocilab/${id}/runtime` }),
    registry,
    credentials,
    reference: `${registry.host}/zengxu/oci-demo-app:v0`,
    args: [...(demo.image.config.config?.Entrypoint ?? []), ...(demo.image.config.config?.Cmd ?? [])],
    rootNames: ['tiny', 'java', 'hub'].includes(image) ? ROOT_FOLDERS : ['etc'],
    container: id === 'default' ? 'oci-demo-app' : `oci-demo-app-${id}`,
    path: pathsBelow(folder),
  }
  const close = async () => {
    await registry.close()
    rmSync(folder, { recursive: true, force: true })
    emit(options, { type: 'undone', undo })
  }
  return { lab, close }
}

/** What the root folder of the article's image holds, as its `ls` shows. */
const ROOT_FOLDERS = 'bin dev etc home lib media mnt opt proc root run sbin srv sys tmp usr var'.split(' ')

function pathsBelow(folder: string): LabPaths {
  return {
    folder,
    archive: join(folder, 'oci-demo-app.tar'),
    extracted: join(folder, 'oci-demo-app-docker-image'),
    exported: join(folder, 'oci-demo-app-container.tar'),
    layout: join(folder, 'oci-demo-app'),
    byHand: join(folder, 'oci-demo-app-by-hand'),
    bundle: join(folder, 'oci-demo-app-bundle'),
    log: join(folder, 'oci-demo-app.out'),
  }
}
