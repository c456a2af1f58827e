import { isOciError, KernelError, OciError } from '../errors.ts'
import { emit, type Options, say, type Undo } from '../events.ts'
import { gateway6Of, prefixOf6 } from './addressing.ts'
import { parseSubnet } from './cidr.ts'
import { checkFree } from './free.ts'
import { type Failed, type Hands, openHands, strides } from './hands.ts'
import { checkNames, type NetworkNames } from './names.ts'
import { isErrno } from './native.ts'
import { commandLine, type NetworkStep, undoOf } from './step.ts'
import { isThere, type NetworkUndo, takeBack, undoLine } from './undo.ts'

export { commandLine, type NetworkStep } from './step.ts'

/** Options of what happens on the host's side of a network. */
export interface NetworkOptions extends Options {
  /** Path of a network namespace that takes the host's part; without one it is this program's own. */
  readonly netns?: string
}

/** The article's fourteen commands. Throws `ARGUMENT_INVALID` for names or addresses that cannot be. */
export function networkPlan(names: NetworkNames): NetworkStep[] {
  checkNames(names)
  return [...bridgePlan(names), ...cablePlan(names)]
}

/**
 * What the fourteen leave, in the way that is cheapest for the kernel: the container's end is born inside, under its last
 * name. To move a link, the kernel waits until nobody on any processor looks at it any more: that is most of the time.
 */
export function shortPlan(names: NetworkNames): NetworkStep[] {
  const { vethHost: link, netnsPath: netns } = names
  checkNames(names)
  return [
    ...bridgePlan(names),
    { change: 'addNetns', netns },
    { change: 'addVeth', link, peer: 'eth0', peerNetns: netns },
    ...cablePlan(names).filter(({ change }) => !['addNetns', 'addVeth', 'moveIn', 'rename'].includes(change)),
  ]
}

/**
 * What is left of the fourteen where the runtime plugs the cable in: its other end has its address already, and no namespace
 * has a name. config-linux.md § Network Devices
 */
export function netDevicesPlan(names: NetworkNames): NetworkStep[] {
  const { vethGuest: link, containerAddress, subnet } = names
  checkNames(names)
  const { prefix } = parseSubnet(subnet, 'subnet')
  const cable = cablePlan(names).slice(0, 3)
  return [...bridgePlan(names), ...cable, { change: 'addAddress', address: `${containerAddress}/${prefix}`, link }]
}

/** The first three: a bridge with an address. */
export function bridgePlan(names: NetworkNames): NetworkStep[] {
  const { bridge, bridgeAddress, subnet, subnet6, mtu } = names
  const { prefix } = parseSubnet(subnet, 'subnet')
  return [
    { change: 'addBridge', bridge },
    ...(mtu === undefined ? [] : [{ change: 'setMtu', link: bridge, mtu } as const]),
    { change: 'setUp', link: bridge },
    { change: 'addAddress', address: `${bridgeAddress}/${prefix}`, link: bridge },
    ...(subnet6 === undefined
      ? []
      : [{ change: 'addAddress', address: `${gateway6Of(names)}/${prefixOf6(subnet6)}`, link: bridge } as const]),
  ]
}

/** The other eleven: a cable from the bridge into a new namespace. */
function cablePlan(names: NetworkNames): NetworkStep[] {
  const { bridge, bridgeAddress, vethHost, vethGuest, netnsPath: netns, containerAddress, subnet } = names
  const { prefix } = parseSubnet(subnet, 'subnet')
  return [
    { change: 'addVeth', link: vethHost, peer: vethGuest },
    { change: 'setUp', link: vethHost },
    { change: 'plugIn', bridge, link: vethHost },
    { change: 'addNetns', netns },
    { change: 'moveIn', link: vethGuest, netns },
    { change: 'rename', link: vethGuest, to: 'eth0', netns },
    { change: 'addAddress', address: `${containerAddress}/${prefix}`, link: 'eth0', netns },
    { change: 'setUp', link: 'eth0', netns },
    { change: 'addAddress', address: '127.0.0.1', link: 'lo', netns },
    { change: 'setUp', link: 'lo', netns },
    { change: 'addRoute', destination: 'default', gateway: bridgeAddress, netns },
  ]
}

/**
 * Carries out a plan, step by step; each change is told before it is made, and when a step fails, what was done is taken back.
 * Throws `NETWORK_EXISTS` before the first change when something of it is there already; `KERNEL`, `NOT_PERMITTED`.
 */
export async function applyPlan(plan: readonly NetworkStep[], options: NetworkOptions = {}): Promise<void> {
  const hands = openHands(options.netns)
  const done: Undo[] = []
  try {
    await checkFree(plan, hands)
    let before = 0
    for (const stride of strides(plan)) {
      const failed = await apply(stride, hands, done, options)
      if (failed) throw failure(failed.error, stride[failed.at]!, `step ${before + failed.at + 1} of ${plan.length}`)
      before += stride.length
    }
  } catch (error) {
    await takeBackAll(done, options, error)
    throw error
  } finally {
    hands.close()
  }
}

/** Takes back what a plan does, in reverse; what is gone already is fine. Throws `KERNEL`, `NOT_PERMITTED` when something stays. */
export async function undoPlan(plan: readonly NetworkStep[], options: NetworkOptions = {}): Promise<void> {
  await takeBackAll(
    plan.map(step => undoOf(step, options.netns)).filter(undo => undo !== undefined),
    options,
  )
}

/** Tells each step, and then does them; what of them may have been made is `done`. */
async function apply(
  stride: readonly NetworkStep[],
  hands: Hands,
  done: Undo[],
  options: NetworkOptions,
): Promise<Failed | undefined> {
  const undos: (Undo | undefined)[] = []
  try {
    for (const step of stride) {
      options.signal?.throwIfAborted()
      say(options, commandLine(step))
      const undo = undoOf(step, options.netns)
      undos.push(undo)
      if (undo) emit(options, { type: 'change', undo })
    }
  } catch (error) {
    forget(undos, options)
    throw error
  }
  const failed = await hands.carryOut(stride)
  // Where somebody else was quicker, what is there is theirs, and stays.
  const made = failed === undefined ? stride.length : failed.at + (isTaken(failed.error) ? 0 : 1)
  done.push(...undos.slice(0, made).filter(undo => undo !== undefined))
  forget(undos.slice(made), options)
  return failed
}

/** What was told, and is not going to be. */
function forget(undos: readonly (Undo | undefined)[], options: NetworkOptions): void {
  for (const undo of undos) if (undo) emit(options, { type: 'undone', undo })
}

async function takeBackAll(undos: readonly Undo[], options: NetworkOptions, cause?: unknown): Promise<void> {
  const failed: { undo: Undo; error: unknown }[] = []
  for (const undo of undos.toReversed() as NetworkUndo[]) {
    try {
      if (await isThere(undo)) {
        say(options, undoLine(undo))
        await takeBack(undo)
      }
      emit(options, { type: 'undone', undo })
    } catch (error) {
      failed.push({ undo, error })
    }
  }
  if (failed.length === 0) return
  const left = failed.map(({ undo, error }) => `${undoLine(undo as NetworkUndo)}: ${(error as Error).message}`)
  throw new OciError(
    'KERNEL',
    `network: not all could be taken back (${left.join('; ')})`,
    { got: left, failed },
    { cause: cause ?? failed[0]?.error },
  )
}

function isTaken(error: unknown): boolean {
  return isOciError(error, 'NETWORK_EXISTS') || isErrno(error, 'EEXIST')
}

function failure(error: unknown, step: NetworkStep, which: string): unknown {
  if (isErrno(error, 'EEXIST'))
    return new OciError(
      'NETWORK_EXISTS',
      `${commandLine(step)}: exists already (${which})`,
      { where: commandLine(step), step: which, hint: 'run: ocilab reset' },
      { cause: error },
    )
  if (!(error instanceof KernelError)) return error
  return new KernelError(error.code, `${error.message} (${which})`, { ...error.data, step: which }, { cause: error })
}
