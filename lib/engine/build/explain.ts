import { chainIds } from '../../image/chainId.ts'
import { type Digest, digestOf, hexOf, shortDigest } from '../../spec/digest.ts'
import type { CacheKey } from './cacheKey.ts'
import type { StepReport } from './report.ts'
import type { BuildStore } from './store.ts'

/** What is remembered of a build, for the next one of the same Dockerfile to be compared with. */
export type LastBuild = readonly { readonly text: string; readonly key: CacheKey; readonly id: Digest | undefined }[]

/** An instruction and all that came of it. */
export interface Explained {
  readonly instruction: string
  /** Nothing for one that only changed the configuration. */
  readonly layer?: { readonly diffId: Digest; readonly size: number; readonly chainId: Digest }
  readonly history: string
  /** The digest of the config afterwards. */
  readonly id: Digest
  readonly cached: boolean
  /** Why it was made anew, or that it was not. */
  readonly why: string
}

/** Tells of each instruction its layer, chain id, line of history, and why its digest is what it is. */
export function explain(steps: readonly StepReport[], last: LastBuild | undefined): Explained[] {
  return steps.map((step, index) => {
    const { built, below } = step
    const layer = built.layers.length > below.layers.length ? built.layers.at(-1)! : undefined
    const chain = layer && chainIds(built.layers.map(it => it.diffId)).at(-1)!
    return {
      instruction: step.instruction.text,
      ...(layer && { layer: { diffId: layer.diffId, size: layer.descriptor.size, chainId: chain! } }),
      history: built.image.history.at(-1)?.created_by ?? '',
      id: built.id!,
      cached: step.cached,
      why: step.cached ? 'taken from the cache: nothing it depends on has changed' : whyAnew(step, index, steps, last),
    }
  })
}

function whyAnew(step: StepReport, index: number, steps: readonly StepReport[], last: LastBuild | undefined): string {
  const before = last?.[index]
  if (!before) return 'made for the first time: nothing was built at this place before'
  if (before.text !== step.instruction.text) return `made anew: this line was ${before.text}`
  const { key } = step
  if (key.epoch !== before.key.epoch)
    return `made anew: SOURCE_DATE_EPOCH was ${before.key.epoch ?? 'not set'}, is ${key.epoch ?? 'not set'}`
  const files = changedFiles(before.key, key)
  if (files.length > 0) return `made anew: ${files.join(', ')}`
  if (key.createdBy !== before.key.createdBy) return `made anew: with its variables it read ${before.key.createdBy}`
  if (key.parent !== before.key.parent) {
    const cause = steps.findIndex((other, at) => at < index && other.built.id === step.below.id)
    return cause < 0
      ? 'made anew: the image that FROM names has changed'
      : `made anew: it builds on ${steps[cause]!.instruction.text}, which has changed`
  }
  if (JSON.stringify(key.inputs) !== JSON.stringify(before.key.inputs)) return 'made anew: its flags have changed'
  return 'made anew: the cache was not to be used, or no longer had it'
}

function changedFiles(before: CacheKey, now: CacheKey): string[] {
  const [was, is] = [before, now].map(key => (key.inputs.files ?? {}) as Record<string, string>) as [
    Record<string, string>,
    Record<string, string>,
  ]
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort()
  return names
    .filter(name => was[name] !== is[name])
    .map(name => `${name} ${was[name] === undefined ? 'is new' : is[name] === undefined ? 'is gone' : 'has changed'}`)
}

/** The same for people, a few lines for each instruction. */
export function explainLines(explained: readonly Explained[]): string[] {
  return explained.flatMap(({ instruction, layer, history, id, why }) => [
    instruction.split('\n')[0]!,
    `  layer    ${layer ? `${shortDigest(layer.diffId)}  ${layer.size} bytes as a tar` : 'none: only the configuration changed'}`,
    ...(layer ? [`  chain id ${shortDigest(layer.chainId)}`] : []),
    `  history  ${history}`,
    `  image    ${shortDigest(id)}  ${why}`,
  ])
}

/** Reads what the last build at this place was, and writes down this one. */
export async function lastBuild(
  store: BuildStore,
  place: readonly string[],
  steps: readonly StepReport[],
): Promise<LastBuild | undefined> {
  const path = `cache/last/${hexOf(digestOf(JSON.stringify(place))).slice(0, 16)}.json`
  const before = (await store.readJson(path)) as LastBuild | undefined
  if (steps.some(({ cached }) => !cached) || before?.length !== steps.length) {
    const now: LastBuild = steps.map(({ instruction, key, built }) => ({ text: instruction.text, key, id: built.id }))
    await store.writeJson(path, now)
  }
  return before
}
