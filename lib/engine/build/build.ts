import type { Bytes } from '../../bytes/bytes.ts'
import { OciError } from '../../errors.ts'
import { emit, type Options, say } from '../../events.ts'
import type { Image } from '../../image/image.ts'
import { type Digest, shortDigest } from '../../spec/digest.ts'
import { hostPlatform, type Platform } from '../../spec/platform.ts'
import { familiarReference, parseReference, withDefaultTag } from '../../spec/reference.ts'
import { buildTimes } from './cacheKey.ts'
import { parseDockerfile } from './dockerfile/dockerfile.ts'
import { type Explained, explain, lastBuild } from './explain.ts'
import { withLabels } from './labels.ts'
import { openInput } from './openInput.ts'
import { buildStages } from './stages.ts'
import { BuildStore } from './store.ts'
import { sweepStore } from './sweep.ts'

export interface BuildOptions extends Options {
  /** The Dockerfile; `CONTEXT/Dockerfile` unless it says otherwise, and what is on stdin for `-`. ≙ `--file` */
  file?: string
  /** What `-` stands for, as a context or as a file. */
  stdin?: Bytes
  /** Names for the image in the store. ≙ `--tag` */
  tags?: readonly string[]
  /** Where to copy the image: `oci:DIR`, `docker-archive:FILE` … ≙ `--output` */
  outputs?: readonly string[]
  /** ≙ `--build-arg` */
  buildArgs?: Readonly<Record<string, string>>
  /** Which stage to build; the last one unless it is said. ≙ `--target` */
  target?: string
  /** ≙ `--label` */
  labels?: Readonly<Record<string, string>>
  /** Make everything anew. ≙ `--no-cache` */
  noCache?: boolean
  platform?: Platform
  /** Where images and the cache are kept; `$XDG_DATA_HOME/ocilab` unless it is said. */
  store?: string
  /** Seconds since 1970: the time of all that is made. SOURCE_DATE_EPOCH unless it is said. */
  sourceDateEpoch?: number
  /** What RUN may reach, unless it says otherwise; `host` unless it is said. ≙ `--network` */
  network?: 'none' | 'host'
  /** How RUN sees the layers below: laid over each other, or as a whole copy, which is slow but can always be had. */
  snapshots?: 'overlay' | 'copy'
  /** FROM and `--from` may need a registry. */
  insecure?: boolean
}

export interface BuildResult {
  readonly image: Image
  /** The digest of its config, which docker calls the image's id. */
  readonly id: Digest
  readonly tags: readonly string[]
  /** What came of each instruction, stage by stage, and why. */
  readonly steps: readonly Explained[]
}

/**
 * Builds an image from a Dockerfile, without a daemon. ≙ `docker build CONTEXT`
 * The context is a folder, or `-` for a tar or a mere Dockerfile on stdin.
 * Nothing is tagged unless all went well. Throws `DOCKERFILE_INVALID`, `COPY_FAILED`, `COMMAND_FAILED`, `ARGUMENT_INVALID`.
 */
export async function build(context: string, options: BuildOptions = {}): Promise<BuildResult> {
  const tags = (options.tags ?? []).map(tag => familiarReference(withDefaultTag(parseReference(tag))))
  say(options, ['docker build', ...tags.flatMap(tag => ['-t', tag]), context].join(' '))
  const store = new BuildStore(options.store)
  const print = (line: string) => emit(options, { type: 'build', line })
  try {
    await sweepStore(store.folder)
    const input = await openInput(context, options, store.blobs.staging)
    const dockerfile = withLabels(parseDockerfile(input.text, input.name), options)
    const { built, steps, unused } = await buildStages(dockerfile, {
      ...options,
      store,
      context: input.context,
      times: buildTimes(options.sourceDateEpoch ?? epochOfEnvironment()),
      platform: options.platform ?? hostPlatform(),
      print,
    })
    if (unused.length > 0) print(`[Warning] One or more build-args [${unused.join(' ')}] were not consumed`)
    const image = await store.commit(built)
    print(`Successfully built ${shortDigest(image.manifest.config.digest)}`)
    if (options.outputs?.length) {
      const { deliver } = await import('./outputs.ts')
      for (const output of options.outputs) await deliver(image, output, tags, options)
    }
    for (const tag of tags) {
      options.signal?.throwIfAborted()
      await store.tag(image, tag, options)
      print(`Successfully tagged ${tag}`)
    }
    const last = await lastBuild(store, [...input.place, options.target ?? ''], steps)
    return { image, id: image.manifest.config.digest, tags, steps: explain(steps, last) }
  } finally {
    await store.close()
  }
}

function epochOfEnvironment(): number | undefined {
  const text = process.env.SOURCE_DATE_EPOCH
  if (text === undefined || text === '') return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new OciError('ARGUMENT_INVALID', `SOURCE_DATE_EPOCH: want seconds since 1970, got ${JSON.stringify(text)}`, {
    got: text,
  })
}
