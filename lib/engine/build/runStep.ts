import { dockerfileError } from './dockerfile/error.ts'
import type { InstructionOf } from './dockerfile/instruction.ts'
import type { PreparedMounts } from './runMounts.ts'
import { isProgram, runWords, SCRIPTS } from './runWords.ts'
import { type PlannedStep, type StageView, sourceOf } from './step.ts'

const SCRIPT = 'script'

/** RUN. The command itself runs only where its result is not in the cache. */
export async function runStep(it: InstructionOf<'RUN'>, stage: StageView): Promise<PlannedStep> {
  const { setting, args: stageArgs, config } = stage
  if (it.network === 'host' && setting.network === 'none')
    throw dockerfileError(setting.file, it.line.start, 'RUN --network=host: this build may not reach a network')
  const { args, script } = runWords(it, config)
  const { Env: env = [] } = config
  const assigned = (pairs: [string, string][]) => pairs.map(([name, value]) => `${name}=${value}`)
  const set = assigned(stageArgs.effective(env))
  const prepared = await mountsOf(it, stage)
  const isScript = script !== undefined && isProgram(script)
  const request = {
    args: isScript ? [`${SCRIPTS}/${SCRIPT}`] : args,
    env: [...env, ...set, ...assigned(stageArgs.hidden(env))],
    network: it.network === 'none' ? 'none' : setting.network,
    scripts: (isScript ? { [SCRIPT]: script } : {}) as Record<string, string>,
    snapshots: setting.snapshots,
    latest: setting.times.layerTimes().latest,
  } as const
  const layer = async () => {
    // What makes containers is loaded only where one is made.
    const { runLayer } = await import('./run.ts')
    return prepared.during(mounts =>
      runLayer(stage.built, { ...request, ...mounts }, { ...setting, print: stage.print }),
    )
  }
  return {
    done: { config },
    // Docker's own notation for build arguments that a command saw.
    createdBy: [...(set.length > 0 ? [`|${set.length}`, ...set] : []), ...args].join(' '),
    inputs: { script, network: it.network, mounts: prepared.describes },
    make: { layer },
  }
}

async function mountsOf(
  { mounts }: InstructionOf<'RUN'>,
  { setting, config, expand, print }: StageView,
): Promise<PreparedMounts> {
  if (mounts.length === 0) return { describes: [], during: work => work({ mounts: [], points: [] }) }
  const { prepareMounts } = await import('./runMounts.ts')
  return prepareMounts(mounts, config, {
    store: setting.store,
    signal: setting.signal,
    print,
    sourceOf: async from => (from ? sourceOf(await setting.imageCalled(from), setting.store) : setting.context),
    expand,
  })
}
