import { randomBytes } from 'node:crypto'
import { OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import { createRecord } from '../run/create.ts'
import type { PortRequest } from '../run/ports.ts'
import { randomName } from '../run/randomName.ts'
import { POD_NAMESPACES, type PodNamespace, shortId } from '../run/record.ts'
import type { RunRequest } from '../run/request.ts'
import type { Home } from '../run/store.ts'
import { PAUSE, pauseImage } from './pauseImage.ts'
import { findPod, type Pod } from './pod.ts'

/** What `podman pod create` is asked for. */
export interface PodRequest {
  readonly name?: string
  /** The pod's name, unless it has another. */
  readonly hostname?: string
  readonly share?: readonly PodNamespace[]
  readonly networks?: readonly string[]
  readonly ports?: readonly PortRequest[]
  /** Switches on that the host hands packets on, until `ocilab reset`. */
  readonly forward?: boolean
}

const SHARED: readonly PodNamespace[] = ['ipc', 'net', 'uts']

/** Makes a pod: a sandbox that can be started, and that containers can be added to. ≙ podman pod create. Throws `CONTAINER_EXISTS`, `ARGUMENT_INVALID`. */
export async function createPod(home: Home, request: PodRequest, options: Options = {}): Promise<Pod> {
  const { name = randomName(), networks, ports, forward, share = SHARED } = request
  const id = randomBytes(32).toString('hex')
  const sandbox = {
    ...{ image: PAUSE, name: `${shortId({ id })}-infra`, hostname: request.hostname ?? name },
    ...{ networks, ports, forward, pod: { id, name, share } },
  }
  checkPodName(name)
  await createRecord(home, await pauseImage(), sandbox, options)
  return findPod(home, id)
}

/** What a container is asked for, made what it is in a pod. Throws `ARGUMENT_INVALID` for what is the pod's to say, in podman's words. */
export function inPod(home: Home, reference: string, request: RunRequest): RunRequest {
  const { id, name, share, sandbox } = findPod(home, reference)
  const net = share.includes('net')
  if (net && (request.ports?.length || request.publishAll))
    throw invalid(
      'published or exposed ports must be defined when the pod is created: network cannot be configured when it is shared with a pod',
      '--publish',
    )
  if (net && request.networks?.length)
    throw invalid('network cannot be configured when it is shared with a pod', '--network')
  if (share.includes('uts') && request.hostname !== undefined)
    throw invalid('cannot set hostname when joining the pod UTS namespace', '--hostname')
  return {
    ...request,
    ...(net && { networks: [`container:${sandbox.id}`] }),
    ...(share.includes('uts') && { hostname: sandbox.hostname }),
    pod: { id, name, share, sandbox: sandbox.id },
  }
}

/** Reads `ipc,net`, `+pid` (with those that are shared anyway), `none`. ≙ podman pod create --share. Throws `ARGUMENT_INVALID`. */
export function parseShare(text: string): PodNamespace[] {
  const added = text.startsWith('+')
  const words = (added ? text.slice(1) : text).split(',').filter(word => word !== '' && word !== 'none')
  const unknown = words.find(word => !(POD_NAMESPACES as readonly string[]).includes(word))
  if (unknown !== undefined)
    throw new OciError(
      'ARGUMENT_INVALID',
      `invalid kernel namespace to share: ${unknown}. options are: ${POD_NAMESPACES.join(', ')} or none`,
      { got: text, where: '--share' },
    )
  return [...new Set([...(added ? SHARED : []), ...(words as PodNamespace[])])]
}

function checkPodName(name: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    throw new OciError('ARGUMENT_INVALID', `invalid pod name (${name}): names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`, {
      got: name,
      where: '--name',
    })
}

function invalid(message: string, where: string): OciError {
  return new OciError('ARGUMENT_INVALID', `invalid config provided: ${message}`, { where })
}
