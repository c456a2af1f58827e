import { isAlive } from '../../runtime/container/processTable.ts'
import type { ContainerRecord } from './record.ts'

/** True while somebody stays with it. */
export function hasSupervisor({ state: { supervisor } }: ContainerRecord): boolean {
  return supervisor !== undefined && isAlive(supervisor.pid, supervisor.startTime)
}

/** True while its files are still being made: only its name is taken. */
export function isBeingMade(record: ContainerRecord): boolean {
  return record.state.status === 'created' && hasSupervisor(record)
}
