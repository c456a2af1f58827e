import { OciError } from '../../errors.ts'
import { type ContainerRecord, isSandbox, type PodNamespace } from '../run/record.ts'
import { type Status, statusOf } from '../run/status.ts'
import { type Home, listRecords } from '../run/store.ts'

/** Containers that have namespaces in common. It is there as long as its sandbox's record is: there is no second file to lose. */
export interface Pod {
  /** 64 hexadecimal digits. */
  readonly id: string
  readonly name: string
  readonly share: readonly PodNamespace[]
  /** The container that holds the namespaces. */
  readonly sandbox: ContainerRecord
  /** The others, the oldest first. */
  readonly members: readonly ContainerRecord[]
}

/** Every pod of a lab, the youngest first. ≙ podman pod ps */
export function listPods(home: Home): Pod[] {
  const records = listRecords(home)
  return records.filter(isSandbox).map(sandbox => {
    const { id, name, share } = sandbox.pod!
    const members = records.filter(record => record.pod?.id === id && !isSandbox(record)).reverse()
    return { id, name, share, sandbox, members }
  })
}

/** The pod of a name, an id or the beginning of one. Throws `CONTAINER_UNKNOWN`, in podman's words. */
export function findPod(home: Home, reference: string): Pod {
  const pods = listPods(home)
  const exact = pods.find(({ id, name }) => id === reference || name === reference)
  const begun = reference === '' ? [] : pods.filter(({ id }) => id.startsWith(reference))
  const [found, second] = exact ? [exact] : begun
  if (found && !second) return found
  if (second)
    throw new OciError('ARGUMENT_INVALID', `more than one result for ID or name ${reference}: pod already exists`, {
      got: reference,
    })
  throw new OciError('CONTAINER_UNKNOWN', `no pod with name or ID ${reference} found: no such pod`, {
    got: reference,
    hint: 'ocilab pod ps',
  })
}

export type PodState = 'Created' | 'Running' | 'Degraded' | 'Paused' | 'Exited' | 'Stopped'

/** How a pod is, by how its containers are, as podman has it. */
export function podState(home: Home, { sandbox, members }: Pod): PodState {
  // One that could not be started is as it was before.
  const all = [sandbox, ...members].map(record => {
    const { status, startedAt } = statusOf(home, record)
    return status === 'exited' && startedAt === undefined ? 'created' : status
  })
  const count = (wanted: Status['status']) => all.filter(status => status === wanted).length
  if (count('running') === all.length) return 'Running'
  if (count('running') > 0) return 'Degraded'
  if (count('paused') === all.length) return 'Paused'
  if (count('exited') === all.length) return 'Exited'
  return count('exited') > 0 ? 'Stopped' : 'Created'
}
