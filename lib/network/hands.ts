import { isSystemError, OciError } from '../errors.ts'
import { type Netlink, openNetlink } from './client.ts'
import { allowForward } from './forward.ts'
import { isMessage, type MessageStep, sendSteps } from './messages.ts'
import { isErrno } from './native.ts'
import { addNetns } from './netns.ts'
import { nft } from './nft.ts'
import type { NetworkStep } from './step.ts'
import { writeSysctl } from './sysctl.ts'

/** Which step of several failed, and why: those before it are done, those behind it were not begun. */
export interface Failed {
  readonly at: number
  readonly error: unknown
}

/** Carries out steps, with one netlink socket for each namespace they happen in. */
export interface Hands {
  /** The namespace that takes the host's part, where it is not this program's own. */
  readonly host?: string
  /** Steps that {@link strides} has put together. */
  carryOut(stride: readonly NetworkStep[]): Promise<Failed | undefined>
  /** The socket of a namespace, or of the host's side. */
  netlink(netns?: string): Promise<Netlink>
  close(): void
}

/** `host` is the namespace that takes the host's part; without one it is this program's. */
export function openHands(host?: string): Hands {
  const sockets = new Map<string | undefined, Promise<Netlink>>()
  const numbers = new Map<string | undefined, Map<string, number>>()
  const hands: Hands = {
    host,
    async carryOut(stride) {
      try {
        const messages = stride.filter(isMessage)
        if (messages.length < stride.length) return void (await carryOut(stride[0]!, host))
        const place = placeOf(messages[0]!)
        const known = numbers.get(place) ?? new Map<string, number>()
        numbers.set(place, known)
        return await sendSteps(messages, await hands.netlink(place), known)
      } catch (error) {
        return { at: 0, error }
      }
    },
    netlink(netns = host) {
      const socket = sockets.get(netns) ?? openNetlink(netns)
      sockets.set(netns, socket)
      return socket
    },
    close() {
      // One that could not be opened has been told of where it was wanted.
      for (const socket of sockets.values())
        socket.then(
          ({ close }) => close(),
          () => {},
        )
    },
  }
  return hands
}

/** Puts steps together that are messages to the same namespace: they can go in one go. */
export function strides(plan: readonly NetworkStep[]): NetworkStep[][] {
  const result: NetworkStep[][] = []
  for (const step of plan) {
    const last = result.at(-1)
    if (last && isMessage(step) && isMessage(last[0]!) && placeOf(step) === placeOf(last[0])) last.push(step)
    else result.push([step])
  }
  return result
}

/** The namespace whose links a step is about: one that moves a link away is about the host's. */
function placeOf(step: MessageStep): string | undefined {
  return step.change === 'moveIn' || !('netns' in step) ? undefined : step.netns
}

async function setSysctl(step: Extract<NetworkStep, { change: 'setSysctl' }>, host?: string): Promise<void> {
  try {
    await writeSysctl(step.key, step.value, step.netns ?? host)
  } catch (error) {
    if (!step.ifThere || !(isSystemError(error, 'ENOENT') || isErrno(error, 'ENOENT'))) throw error
  }
}

/** What no message can do. */
async function carryOut(step: NetworkStep, host?: string): Promise<void> {
  switch (step.change) {
    case 'addTable':
      return void (await nft(step.commands, host))
    case 'setSysctl':
      return setSysctl(step, host)
    case 'allowForward':
      return allowForward(step.bridge, host)
    case 'addNetns':
      return addNetns(step.netns)
    default:
      throw new OciError('PROTOCOL', `${step.change}: is a message`)
  }
}
