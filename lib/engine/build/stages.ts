import { OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import { shortDigest } from '../../spec/digest.ts'
import { hostPlatform, type Platform, parsePlatform, showPlatform } from '../../spec/platform.ts'
import { baseImage } from './base.ts'
import type { BuildTimes } from './cacheKey.ts'
import type { Dockerfile, Stage } from './dockerfile/dockerfile.ts'
import { processWord } from './dockerfile/words.ts'
import { type BuiltImage, scratch } from './imageState.ts'
import { OrderedLines } from './output.ts'
import { type BuildPlan, planBuild } from './plan.ts'
import type { StepReport } from './report.ts'
import { GlobalArgs } from './scope.ts'
import type { CopySource } from './source.ts'
import { StageBuilder } from './stage.ts'
import type { BuildStore } from './store.ts'

/** What the stages are built with. */
export interface StagesSetting extends Options {
  readonly store: BuildStore
  readonly context: CopySource
  readonly times: BuildTimes
  readonly platform: Platform
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly target?: string
  readonly noCache?: boolean
  readonly insecure?: boolean
  readonly network?: 'none' | 'host'
  readonly snapshots?: 'overlay' | 'copy'
  print(line: string): void
}

/** Builds the stages that the target needs, each as soon as what it waits for is there. */
export async function buildStages(
  dockerfile: Dockerfile,
  setting: StagesSetting,
): Promise<{ built: BuiltImage; steps: StepReport[]; unused: string[] }> {
  const { stages, args, escapeToken } = dockerfile
  const globalArgs = new GlobalArgs(new Map(Object.entries(setting.buildArgs ?? {})), platformArgs(setting.platform))
  const expand = (word: string) => processWord(word, globalArgs.variables(), { escapeToken })
  for (const it of args)
    for (const { name, value } of it.args) globalArgs.declare(name, value === undefined ? undefined : expand(value))
  const imageOf = ({ from }: Stage) => mustBe(expand(from.image), from.image)
  const plan = planBuild(dockerfile, setting.target, imageOf)
  const stop = new AbortController()
  const signal = setting.signal ? AbortSignal.any([setting.signal, stop.signal]) : stop.signal

  const counted = countSteps(dockerfile, plan)
  const lines = new OrderedLines(plan.needed.length, setting.print)
  for (const warning of dockerfile.warnings) setting.print(`[WARNING]: ${warning}`)
  for (const [index, { text }] of args.entries()) setting.print(`Step ${index + 1}/${counted.total} : ${text}`)
  const making = new Map<number, Promise<StageBuilder>>()
  const others = new Map<string, Promise<BuiltImage>>()
  const other = (name: string, platform: Platform) => {
    const key = `${name} ${showPlatform(platform)}`
    const image = others.get(key) ?? baseImage(name, setting.store, { ...setting, signal, platform })
    others.set(key, image)
    return image
  }
  const stageOf = (index: number): Promise<StageBuilder> => {
    const made = making.get(index) ?? make(index)
    making.set(index, made)
    return made
  }

  const make = async (index: number): Promise<StageBuilder> => {
    const stage = stages[index]!
    const turn = plan.needed.indexOf(index)
    const print = (line: string) => lines.print(turn, line)
    let step = counted.first.get(index)!
    const told = (text: string) => print(`Step ${step++}/${counted.total} : ${text}`)
    const platform = stage.from.platform ? parsePlatform(expand(stage.from.platform)) : setting.platform
    const base = plan.baseOf(index)
    const named = imageOf(stage)
    // The stages below are asked first, so that lines of this one come after theirs.
    const below = base === undefined ? undefined : (await stageOf(base)).built
    told(stage.from.text)
    const from = below ?? (named === 'scratch' ? scratch(platform) : await other(named, platform))
    print(` ---> ${shownId(from)}`)
    const builder = new StageBuilder(
      from,
      {
        ...setting,
        globalArgs,
        escapeToken,
        file: dockerfile.file,
        noCache: setting.noCache ?? false,
        network: setting.network ?? 'host',
        snapshots: setting.snapshots ?? 'overlay',
        signal,
        async imageCalled(name) {
          const stage = plan.fromOf(index, name)
          return stage === undefined ? other(name, platform) : (await stageOf(stage)).built
        },
      },
      print,
    )
    await builder.begin()
    for (const instruction of stage.instructions) {
      told(instruction.text)
      await builder.perform(instruction)
      print(` ---> ${shownId(builder.built)}`)
    }
    lines.end(turn)
    return builder
  }

  const all = plan.needed.map(index => stageOf(index))
  try {
    const builders = await Promise.all(all)
    const { built } = await stageOf(plan.target)
    if (!built.id)
      throw new OciError('ARGUMENT_INVALID', 'No image was generated. Is your Dockerfile empty?', {
        where: dockerfile.file,
      })
    return {
      built,
      steps: builders.flatMap(builder => builder.steps),
      unused: globalArgs.unused(),
    }
  } finally {
    stop.abort()
    await Promise.allSettled(all)
  }
}

function countSteps(
  { args, stages }: Dockerfile,
  { needed }: BuildPlan,
): { total: number; first: Map<number, number> } {
  let next = args.length + 1
  const first = new Map<number, number>()
  for (const index of needed) {
    first.set(index, next)
    next += 1 + stages[index]!.instructions.length
  }
  return { total: next - 1, first }
}

function shownId({ id }: BuiltImage): string {
  return id ? shortDigest(id) : ''
}

function mustBe(name: string, written: string): string {
  if (name !== '') return name
  throw new OciError('ARGUMENT_INVALID', `base name (${written}) should not be blank`, { got: written })
}

/** The ARGs that are there before anyone declares them, as BuildKit gives them. */
function platformArgs(target: Platform): Map<string, string> {
  const of = (prefix: string, platform: Platform): [string, string][] => [
    [`${prefix}PLATFORM`, showPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ]
  return new Map([...of('TARGET', target), ...of('BUILD', hostPlatform())])
}
