import { OciError } from '../../errors.ts'
import type { LayerTree } from '../../image/tree.ts'
import { digestOf } from '../../spec/digest.ts'
import { fetchSources } from './addUrl.ts'
import { type BuildTimes, type CacheKey, keyDigest } from './cacheKey.ts'
import { Changes } from './changes.ts'
import { parseChmod, resolveChown } from './chown.ts'
import { absolutePath, type ConfigInstruction, type Configured, configure, shellOf } from './configure.ts'
import { copyInto } from './copy.ts'
import { findSources } from './copySources.ts'
import { parseTrigger } from './dockerfile/dockerfile.ts'
import { type Instruction, type InstructionOf, isOf } from './dockerfile/instruction.ts'
import { imageSource, treeOf } from './imageSource.ts'
import { type BuildConfig, type BuiltImage, builtImage, grown } from './imageState.ts'
import type { StepReport } from './report.ts'
import { type GlobalArgs, StageArgs } from './scope.ts'
import { asBytes, type CopySource } from './source.ts'
import type { BuildStore } from './store.ts'

/** What all stages of a build share. */
export interface BuildSetting {
  readonly store: BuildStore
  readonly context: CopySource
  readonly globalArgs: GlobalArgs
  readonly escapeToken: string
  readonly noCache: boolean
  readonly times: BuildTimes
  readonly signal?: AbortSignal
  /** The image that `--from` names: another stage's, or any other. */
  imageCalled(name: string): Promise<BuiltImage>
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** One stage in the making: an image, and what its next instruction has to know. */
export class StageBuilder {
  readonly #setting: BuildSetting
  readonly #args: StageArgs
  readonly #print: (line: string) => void
  readonly steps: StepReport[] = []
  #built: BuiltImage
  #cmdSet = false
  #tree: { of: BuiltImage; tree: LayerTree } | undefined

  constructor(base: BuiltImage, setting: BuildSetting, print: (line: string) => void) {
    this.#setting = setting
    this.#args = new StageArgs(setting.globalArgs, setting.escapeToken)
    this.#print = print
    this.#built = base
  }

  get built(): BuiltImage {
    return this.#built
  }

  /** What the base image left for whoever builds on it; then the environment has a PATH. */
  async begin(): Promise<void> {
    const { OnBuild = [], ...config } = this.#built.image.config
    const { Env = [] } = config
    const withPath = Env.some(entry => entry.startsWith('PATH=')) ? Env : [...Env, PATH]
    this.#built = { ...this.#built, image: { ...this.#built.image, config: { ...config, Env: withPath } } }
    if (OnBuild.length === 0) return
    this.#print(`# Executing ${OnBuild.length} build trigger${OnBuild.length > 1 ? 's' : ''}`)
    for (const trigger of OnBuild) await this.perform(parseTrigger(trigger))
  }

  /** Carries out one instruction, or takes what it made before. */
  async perform(it: Instruction): Promise<void> {
    this.#setting.signal?.throwIfAborted()
    if (isOf(it, 'COPY', 'ADD')) await this.#copy(it)
    else if (it.keyword === 'RUN')
      throw new OciError('UNSUPPORTED', `${it.text}: RUN needs a container, which a build cannot make yet`)
    else if (it.keyword === 'FROM') throw new OciError('DOCKERFILE_INVALID', 'FROM begins a stage')
    else if (it.keyword === 'WORKDIR') await this.#workdir(it)
    else await this.#configure(it)
  }

  async #configure(it: ConfigInstruction): Promise<void> {
    const done = configure(it, this.#config, { args: this.#args, cmdSet: this.#cmdSet })
    if (it.keyword === 'CMD') this.#cmdSet = it.command.form === 'shell' || it.command.words.length > 0
    await this.#commit(it, done, nop(` ${done.comment}`, done.config), {})
  }

  async #workdir(it: InstructionOf<'WORKDIR'>): Promise<void> {
    const done = configure(it, this.#config, { args: this.#args, cmdSet: this.#cmdSet })
    await this.#commit(it, done, nop(done.comment, done.config), {}, async changes => {
      changes.makeFolder(asBytes(done.config.WorkingDir!))
    })
  }

  async #copy(it: InstructionOf<'COPY' | 'ADD'>): Promise<void> {
    const env = this.#config.Env ?? []
    const expand = (word: string) => this.#args.expand(word, env)
    const from = it.from === undefined ? undefined : await this.#setting.imageCalled(it.from)
    const source = from ? await this.#sourceOf(from) : this.#setting.context
    const written = it.sources.map(expand)
    const files = it.files.map(({ name, content, expand: open }) => ({
      name,
      content: open ? expand(content) : content,
    }))
    const urls = it.keyword === 'ADD' ? await fetchSources(written, it, this.#setting) : undefined
    const sources = urls ? written.filter(word => !urls.has(word)) : written
    const found = await findSources(source, {
      keyword: it.keyword,
      sources,
      files: [...files],
      exclude: it.exclude,
      fetched: urls,
    })
    const requested = expand(it.destination)
    const chown = it.chown && expand(it.chown)
    const chmod = it.chmod && expand(it.chmod)
    const flag = chown ? `--chown=${chown} ` : ''
    const createdBy = nop(`${it.keyword} ${flag}${found.hash} in ${requested} `, this.#config)
    const destination = absoluteDestination(requested, this.#config)
    const more = { files: found.files, chmod, link: it.link, destination }
    await this.#commit(
      it,
      { config: this.#config, comment: '' },
      createdBy,
      more,
      async (changes, tree) => {
        const owner = chown
          ? await resolveChown(chown, tree, this.#built.layers)
          : from
            ? undefined
            : { uid: 0, gid: 0 }
        const mode = chmod ? parseChmod(chmod) : undefined
        const { staging } = this.#setting.store.blobs
        await copyInto(changes, found, { keyword: it.keyword, destination: asBytes(destination), owner, mode, staging })
      },
      it.link,
    )
  }

  /** Makes the next image: out of the cache, or with what `make` puts into its layer. */
  async #commit(
    it: Instruction,
    done: Configured,
    createdBy: string,
    inputs: CacheKey['inputs'],
    make?: (changes: Changes, tree: LayerTree) => Promise<void>,
    apart = false,
  ): Promise<void> {
    const { store, times, noCache } = this.#setting
    const below = this.#built
    const key: CacheKey = { parent: below.id ?? platformOf(below), createdBy, inputs, epoch: times.epoch }
    const digest = keyDigest(key)
    const kept = noCache ? undefined : await store.recall(digest)
    if (kept) {
      const layer = kept.layer && store.layer(kept.layer.descriptor)
      this.#print(' ---> Using cache')
      this.#built = builtImage(Buffer.from(kept.config), layer ? [...below.layers, layer] : below.layers, 'cache')
    } else {
      const layer = make && (await this.#makeLayer(make, apart))
      const history = { created: times.now(), created_by: createdBy }
      this.#built = grown(below, { config: done.config, author: done.author, history, layer })
      const config = new TextDecoder().decode(this.#built.raw)
      await store.remember(digest, {
        config,
        ...(layer && { layer: { descriptor: layer.descriptor, diffId: layer.diffId } }),
      })
      if (layer && this.#tree?.of === below && !apart) this.#tree = { of: this.#built, tree: this.#tree.tree }
    }
    if (!this.#built.layers.at(-1) || this.#built.layers.length === below.layers.length)
      if (this.#tree?.of === below) this.#tree = { of: this.#built, tree: this.#tree.tree }
    this.steps.push({ instruction: it, key, digest, cached: kept !== undefined, below, built: this.#built })
  }

  async #makeLayer(make: (changes: Changes, tree: LayerTree) => Promise<void>, apart: boolean) {
    const { store, times } = this.#setting
    const tree = await this.#ownTree()
    // --link: the layer looks at nothing below it, so that it stays the same on top of anything.
    const changes = new Changes(apart ? await treeOf([]) : tree, this.#built.layers.length, times.layerTimes())
    await make(changes, tree)
    return store.putTar(changes.members())
  }

  async #ownTree(): Promise<LayerTree> {
    if (this.#tree?.of !== this.#built) this.#tree = { of: this.#built, tree: await treeOf(this.#built.layers) }
    return this.#tree.tree
  }

  async #sourceOf(image: BuiltImage): Promise<CopySource> {
    return imageSource(await treeOf(image.layers), image.layers, this.#setting.store.blobs.staging)
  }

  get #config(): BuildConfig {
    return this.#built.image.config
  }
}

/** What history says of an instruction that ran nothing. */
function nop(comment: string, config: BuildConfig): string {
  return [...shellOf(config), `#(nop) ${comment}`].join(' ')
}

/** As docker keeps it: made absolute, and a slash at its end stays. */
function absoluteDestination(requested: string, config: BuildConfig): string {
  if (requested.startsWith('/')) return requested
  const path = absolutePath(requested, config)
  return requested.endsWith('/') && path !== '/' ? `${path}/` : path
}

function platformOf({ image: { os, architecture, variant = '' } }: BuiltImage): string {
  return digestOf(`scratch ${os}/${architecture}/${variant}`)
}
