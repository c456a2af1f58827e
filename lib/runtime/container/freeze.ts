import { RuntimeError } from '../../errors.ts'
import { freeze } from '../cgroup/cgroup.ts'
import { loadState, statePaths, statusOf } from './state.ts'

/** Stops all processes of a container where they are, or lets them go on. ≙ `runc pause`, `runc resume` */
export function freezeContainer(root: string, id: string, frozen: boolean): void {
  const saved = loadState(root, id)
  const status = statusOf(saved, statePaths(root, id).fifo)
  if (frozen && status !== 'running' && status !== 'created')
    throw new RuntimeError('CONTAINER_WRONG_STATUS', 'container not running', { want: 'running', got: status })
  if (!frozen && status !== 'paused')
    throw new RuntimeError('CONTAINER_WRONG_STATUS', 'container not paused', { want: 'paused', got: status })
  freeze(saved.cgroups, frozen)
}
