import type { LabEvent } from '../../events.ts'
import type { Layer } from '../../image/image.ts'
import type { LayerTree } from '../../image/tree.ts'
import type { BuildTimes, CacheKey } from './cacheKey.ts'
import type { Changes } from './changes.ts'
import { type Configured, shellOf } from './configure.ts'
import { imageSource } from './imageSource.ts'
import type { BuildConfig, BuiltImage } from './imageState.ts'
import type { GlobalArgs, StageArgs } from './scope.ts'
import type { CopySource } from './source.ts'
import type { BuildStore } from './store.ts'

/** What all stages of a build share. */
export interface BuildSetting {
  readonly store: BuildStore
  /** What errors call the Dockerfile. */
  readonly file: string
  readonly context: CopySource
  readonly globalArgs: GlobalArgs
  readonly escapeToken: string
  readonly noCache: boolean
  readonly times: BuildTimes
  /** For RUN, unless it says otherwise. */
  readonly network: 'none' | 'host'
  /** How RUN gets to see the files of the image below. */
  readonly snapshots: 'overlay' | 'copy'
  readonly signal?: AbortSignal
  onEvent?(event: LabEvent): void
  /** The image that `--from` names: another stage's, or any other. */
  imageCalled(name: string): Promise<BuiltImage>
}

/** What an instruction may look at: the image so far, and what its stage has declared. */
export interface StageView {
  readonly setting: BuildSetting
  readonly args: StageArgs
  readonly built: BuiltImage
  readonly config: BuildConfig
  print(line: string): void
  expand(word: string): string
}

/** What an instruction will do: enough to know whether it was done before, and how to do it. */
export interface PlannedStep {
  readonly done: Pick<Configured, 'config' | 'author'>
  /** For history. */
  readonly createdBy: string
  /** What else the result depends on. */
  readonly inputs: CacheKey['inputs']
  /** How its layer is made: with what it puts into the tree, or in one piece. */
  readonly make?:
    | { put(changes: Changes, tree: LayerTree): Promise<void>; readonly apart?: boolean }
    | { layer(): Promise<Layer | undefined> }
}

/** What history says of an instruction that ran nothing. */
export function nop(comment: string, config: BuildConfig): string {
  return [...shellOf(config), `#(nop) ${comment}`].join(' ')
}

const trees = new WeakMap<BuiltImage, Promise<LayerTree>>()

/** The files of an image, to copy from. */
export async function sourceOf(image: BuiltImage, store: BuildStore): Promise<CopySource> {
  const tree = trees.get(image) ?? store.tree(image.layers)
  trees.set(image, tree)
  return imageSource(await tree, image.layers, store.blobs.staging)
}
