import { closeSync, openSync } from 'node:fs'
import { isSystemError, KernelError, OciError } from '../errors.ts'
import { writeAddressAddRequest } from './address.ts'
import { parseAddressBytes, parseCidr } from './cidr.ts'
import type { Netlink, Question } from './client.ts'
import type { Failed } from './hands.ts'
import {
  parseLink,
  writeBridgeAddRequest,
  writeHairpinRequest,
  writeLinkChangeRequest,
  writeLinkRequest,
  writeVethAddRequest,
} from './link.ts'
import type { Request } from './message.ts'
import { writeRouteAddRequest } from './route.ts'
import { commandLine, type NetworkStep } from './step.ts'

const MESSAGES = [
  'addBridge',
  'addVeth',
  'setUp',
  'rename',
  'plugIn',
  'addAddress',
  'addRoute',
  'setMtu',
  'setMac',
  'setHairpin',
  'moveIn',
] as const

/** A step that is one message to the kernel. */
export type MessageStep = Extract<NetworkStep, { change: (typeof MESSAGES)[number] }>

export function isMessage(step: NetworkStep): step is MessageStep {
  return MESSAGES.some(change => change === step.change)
}

/**
 * Sends steps to the kernel by the socket of their namespace, in as few goes as can be: between two threads each message
 * would take longer than the kernel needs for it. `numbers` are those of links that are known already.
 */
export async function sendSteps(
  steps: readonly MessageStep[],
  netlink: Netlink,
  numbers: Map<string, number>,
): Promise<Failed | undefined> {
  const open: number[] = []
  let go: (Question & { at: number; link?: string })[] = []
  const send = async (): Promise<Failed | undefined> => {
    const answers = await netlink.requests(go)
    for (const [index, { bodies, error }] of answers.entries()) {
      const { at, link, what } = go[index]!
      if (error) return { at, error }
      if (link !== undefined) numbers.set(link, indexIn(bodies, what))
    }
    go = []
    return undefined
  }
  let at = 0
  try {
    for (const [index, step] of steps.entries()) {
      at = index
      const what = commandLine(step)
      const link = linkByNumber(step)
      if (link !== undefined && !numbers.has(link)) {
        go.push({ at, what, link, request: writeLinkRequest(link) })
        const failed = await send()
        if (failed) return failed
      }
      const request = requestOf(step, numbers.get(link ?? '') ?? 0, path => {
        open.push(openNetns(path))
        return open.at(-1)!
      })
      go.push({ at, what, request })
      if (step.change === 'rename' || step.change === 'moveIn') numbers.delete(step.link)
    }
    return await send()
  } catch (error) {
    return { at, error }
  } finally {
    for (const fd of open) closeSync(fd)
  }
}

/** The link whose number a message needs: the kernel gives it when the link is made. */
function linkByNumber(step: MessageStep): string | undefined {
  switch (step.change) {
    case 'plugIn':
      return step.bridge
    case 'rename':
    case 'setHairpin':
      return step.link
    case 'addAddress':
      return step.link === 'lo' ? undefined : step.link
    default:
      return undefined
  }
}

// Every namespace begins with lo.
const LO = 1

function requestOf(step: MessageStep, number: number, fdOf: (netns: string) => number): Request {
  const what = commandLine(step)
  switch (step.change) {
    case 'addBridge':
      return writeBridgeAddRequest(step.bridge)
    case 'addVeth':
      return writeVethAddRequest(step.link, step.peer, step.peerNetns === undefined ? undefined : fdOf(step.peerNetns))
    case 'setUp':
      return writeLinkChangeRequest(step.link, { up: true })
    case 'rename':
      return writeLinkChangeRequest(number, { name: step.to })
    case 'plugIn':
      return writeLinkChangeRequest(step.link, { masterIndex: number })
    case 'addAddress':
      return writeAddressAddRequest(step.link === 'lo' ? LO : number, parseCidr(step.address, what))
    case 'addRoute': {
      const destination = step.destination === 'default' ? step.destination : parseCidr(step.destination, what)
      return writeRouteAddRequest(destination, parseAddressBytes(step.gateway, what))
    }
    case 'setMac':
      return writeLinkChangeRequest(step.link, { mac: step.mac })
    case 'setHairpin':
      return writeHairpinRequest(number)
    case 'setMtu':
      return writeLinkChangeRequest(step.link, { mtu: step.mtu })
    case 'moveIn':
      return writeLinkChangeRequest(step.link, { netnsFd: fdOf(step.netns) })
  }
}

function openNetns(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new KernelError(
      'KERNEL',
      `network namespace ${path}: ${error.code}`,
      { errno: error.code, where: path },
      { cause: error },
    )
  }
}

function indexIn([body]: Uint8Array[], what: string): number {
  if (body === undefined) throw new OciError('PROTOCOL', `${what}: the kernel answered without a link`)
  return parseLink(body).index
}
