import { OciError } from '../../errors.ts'
import type { Layer } from '../../image/image.ts'
import { LayerTree } from '../../image/tree.ts'
import { digestOf } from '../../spec/digest.ts'
import { type CacheKey, keyDigest } from './cacheKey.ts'
import { Changes } from './changes.ts'
import { configure } from './configure.ts'
import { copyStep } from './copyStep.ts'
import { parseTrigger } from './dockerfile/dockerfile.ts'
import { type Instruction, isOf } from './dockerfile/instruction.ts'
import { type BuiltImage, builtImage, grown } from './imageState.ts'
import type { StepReport } from './report.ts'
import { runStep } from './runStep.ts'
import { StageArgs } from './scope.ts'
import { asBytes } from './source.ts'
import { type BuildSetting, nop, type PlannedStep, type StageView } from './step.ts'

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
    const step = await this.#plan(it)
    const below = this.#built
    const { createdBy, inputs } = step
    const key: CacheKey = { parent: below.id ?? platformOf(below), createdBy, inputs, epoch: this.#setting.times.epoch }
    const digest = keyDigest(key)
    const kept = this.#setting.noCache ? undefined : await this.#setting.store.recall(digest)
    if (kept) {
      this.#print(' ---> Using cache')
      const layer = kept.layer && this.#setting.store.layer(kept.layer.descriptor)
      const layers = layer ? [...below.layers, layer] : below.layers
      this.#built = builtImage(Buffer.from(kept.config), layers, 'cache', below.ground)
    } else await this.#make(step, digest)
    this.steps.push({ instruction: it, key, digest, cached: kept !== undefined, below, built: this.#built })
  }

  async #plan(it: Instruction): Promise<PlannedStep> {
    if (isOf(it, 'COPY', 'ADD')) return copyStep(it, this.#view())
    if (it.keyword === 'RUN') return runStep(it, this.#view())
    if (it.keyword === 'FROM') throw new OciError('DOCKERFILE_INVALID', 'FROM begins a stage')
    const done = configure(it, this.#built.image.config, { args: this.#args, cmdSet: this.#cmdSet })
    if (it.keyword === 'CMD') this.#cmdSet = it.command.form === 'shell' || it.command.words.length > 0
    if (it.keyword !== 'WORKDIR')
      // Two blanks: docker joins `#(nop) ` and the rest with another one.
      return { done, createdBy: nop(` ${done.comment}`, done.config), inputs: {} }
    const put = async (changes: Changes) => void changes.makeFolder(asBytes(done.config.WorkingDir!))
    return { done, createdBy: nop(done.comment, done.config), inputs: {}, make: { put } }
  }

  async #make({ done, createdBy, make }: PlannedStep, key: ReturnType<typeof keyDigest>): Promise<void> {
    const { store, times } = this.#setting
    const below = this.#built
    const layer = make && (await this.#makeLayer(make))
    const history = { created: times.now(), created_by: createdBy }
    this.#built = grown(below, { config: done.config, author: done.author, history, layer })
    const config = new TextDecoder().decode(this.#built.raw)
    const kept = layer && { descriptor: layer.descriptor, diffId: layer.diffId }
    await store.remember(key, { config, ...(kept && { layer: kept }) })
    // Where the layer was made in the tree, the tree has grown with it.
    const isSameTree = !layer || (make && 'put' in make && !make.apart)
    if (isSameTree && this.#tree?.of === below) this.#tree = { of: this.#built, tree: this.#tree.tree }
  }

  async #makeLayer(make: NonNullable<PlannedStep['make']>): Promise<Layer | undefined> {
    if ('layer' in make) return make.layer()
    const { store, times, signal } = this.#setting
    const tree = await this.#ownTree()
    // --link: the layer looks at nothing below it, so that it stays the same on top of anything.
    const changes = new Changes(make.apart ? new LayerTree() : tree, this.#built.layers.length, times.layerTimes())
    await make.put(changes, tree)
    return store.putTar(changes.members(), { signal })
  }

  async #ownTree(): Promise<LayerTree> {
    if (this.#tree?.of !== this.#built)
      this.#tree = { of: this.#built, tree: await this.#setting.store.tree(this.#built.layers) }
    return this.#tree.tree
  }

  #view(): StageView {
    const { config } = this.#built.image
    const expand = (word: string) => this.#args.expand(word, config.Env ?? [])
    return { setting: this.#setting, args: this.#args, built: this.#built, config, print: this.#print, expand }
  }
}

function platformOf({ image: { os, architecture, variant = '' } }: BuiltImage): string {
  return digestOf(`scratch ${os}/${architecture}/${variant}`)
}
