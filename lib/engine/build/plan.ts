import { OciError } from '../../errors.ts'
import type { Dockerfile, Stage } from './dockerfile/dockerfile.ts'
import { dockerfileError } from './dockerfile/error.ts'
import type { Instruction } from './dockerfile/instruction.ts'

/** Which stages make the one that is wanted, and what each of them waits for. */
export interface BuildPlan {
  readonly target: number
  /** In the order of the Dockerfile; those that nothing needs are not in it. */
  readonly needed: readonly number[]
  /** The stage a name in FROM, or in `--from`, stands for; nothing when it is an image. */
  baseOf(stage: number): number | undefined
  fromOf(stage: number, name: string): number | undefined
}

/** Plans a build. Throws `DOCKERFILE_INVALID` for stages that need each other, `ARGUMENT_INVALID` for a target that is not there. */
export function planBuild(
  dockerfile: Dockerfile,
  target: string | undefined,
  imageOf: (stage: Stage) => string,
): BuildPlan {
  const { stages, file } = dockerfile
  const names = new Map(stages.map(({ from }, index) => [from.as, index]))
  // A later stage of the same name hides an earlier one only from what comes after it.
  const named = (name: string, before: number) =>
    stages.findLastIndex(({ from }, index) => index < before && from.as === name)
  const baseOf = (stage: number) => optional(named(imageOf(stages[stage]!).toLowerCase(), stage))
  const fromOf = (stage: number, name: string) => {
    const found = named(name.toLowerCase(), stage)
    if (found >= 0) return found
    return /^\d+$/.test(name) && Number(name) < stage ? Number(name) : undefined
  }
  const needs = (index: number): number[] => {
    const stage = stages[index]!
    const found = [baseOf(index)]
    for (const instruction of stage.instructions)
      for (const name of namesIn(instruction)) {
        const from = fromOf(index, name)
        const later = names.get(name.toLowerCase()) ?? (/^\d+$/.test(name) ? Number(name) : -1)
        if (from === undefined && later >= index && later < stages.length)
          throw dockerfileError(file, instruction.line.start, circular(name, later === index))
        found.push(from)
      }
    return found.filter(it => it !== undefined)
  }
  const wanted = targetIndex(stages, target)
  const needed = new Set<number>()
  const visit = (index: number): void => {
    if (needed.has(index)) return
    needed.add(index)
    for (const other of needs(index)) visit(other)
  }
  visit(wanted)
  return { target: wanted, needed: [...needed].sort((a, b) => a - b), baseOf, fromOf }
}

function circular(name: string, itself: boolean): string {
  return itself
    ? `circular dependency detected on stage: ${name} copies from itself`
    : `circular dependency detected on stage: ${name} comes only later`
}

/** The stages or images an instruction copies from. */
function namesIn(it: Instruction): string[] {
  if (it.keyword === 'COPY' && it.from !== undefined) return [it.from]
  if (it.keyword === 'RUN') return it.mounts.flatMap(mount => mount.from ?? [])
  return []
}

function targetIndex(stages: readonly Stage[], target: string | undefined): number {
  if (target === undefined || target === '') return stages.length - 1
  const byName = stages.findIndex(({ from }) => from.as === target.toLowerCase())
  const found = byName < 0 && /^\d+$/.test(target) && Number(target) < stages.length ? Number(target) : byName
  if (found >= 0) return found
  throw new OciError('ARGUMENT_INVALID', `failed to reach build target ${target} in Dockerfile`, {
    want: stages.map(({ from }, index) => from.as ?? index),
    got: target,
  })
}

function optional(index: number): number | undefined {
  return index < 0 ? undefined : index
}
