import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { initPlan } from '../plan/initPlan.ts'
import type { Step } from '../plan/step.ts'
import { surroundingsOf } from './place.ts'
import { defaultStateRoot } from './stateRoot.ts'

/** What would be done to run a bundle on this machine, step by step; nothing is done. ≙ `ocirun plan` */
export async function planOf(
  bundle: { readonly path: string; readonly config: RuntimeConfig },
  { id = 'container', root = defaultStateRoot() }: { id?: string; root?: string } = {},
): Promise<Step[]> {
  const { place } = await surroundingsOf(id, bundle.path, bundle.config, { root, console: 'keeper' })
  return initPlan(bundle.config, { ...place, fifo: `${root}/${id}/exec.fifo` })
}
