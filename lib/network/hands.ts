import { closeSync, openSync } from 'node:fs'
import { isSystemError, KernelError, OciError } from '../errors.ts'
import { writeAddressAddRequest } from './address.ts'
import { parseAddressBytes, parseCidr } from './cidr.ts'
import { type Netlink, openNetlink } from './client.ts'
import { allowForward } from './forward.ts'
import {
  type LinkChange,
  parseLink,
  writeBridgeAddRequest,
  writeHairpinRequest,
  writeLinkChangeRequest,
  writeLinkRequest,
  writeVethAddRequest,
} from './link.ts'
import { addNetns } from './netns.ts'
import { nft } from './nft.ts'
import { writeRouteAddRequest } from './route.ts'
import { commandLine, type NetworkStep } from './step.ts'
import { writeSysctl } from './sysctl.ts'

/** Carries out steps, with one netlink socket for each namespace they happen in. */
export interface Hands {
  /** The namespace that takes the host's part, where it is not this program's own. */
  readonly host?: string
  carryOut(step: NetworkStep): Promise<void>
  /** The socket of a namespace, or of the host's side. */
  netlink(netns?: string): Promise<Netlink>
  close(): void
}

/** `host` is the namespace that takes the host's part; without one it is this program's. */
export function openHands(host?: string): Hands {
  const sockets = new Map<string | undefined, Promise<Netlink>>()
  const hands: Hands = {
    host,
    carryOut: step => carryOut(step, hands),
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

async function carryOut(step: NetworkStep, hands: Hands): Promise<void> {
  const what = commandLine(step)
  const ask = async (request: Parameters<Netlink['request']>[0], netns?: string) =>
    (await hands.netlink(netns)).request(request, what)
  const index = async (link: string, netns?: string) => parseIndex(await ask(writeLinkRequest(link), netns), what)
  const change = async (link: string | number, wanted: LinkChange, netns?: string) =>
    ask(writeLinkChangeRequest(link, wanted), netns)

  switch (step.change) {
    case 'addBridge':
      return void (await ask(writeBridgeAddRequest(step.bridge)))
    case 'addVeth':
      return withFile(step.peerNetns, async fd => void (await ask(writeVethAddRequest(step.link, step.peer, fd))))
    case 'setUp':
      return void (await change(step.link, { up: true }, step.netns))
    case 'rename':
      return void (await change(await index(step.link, step.netns), { name: step.to }, step.netns))
    case 'plugIn':
      return void (await change(step.link, { masterIndex: await index(step.bridge) }))
    case 'addAddress': {
      const address = parseCidr(step.address, what)
      // Every namespace begins with lo, and its number is 1.
      const number = step.link === 'lo' ? 1 : await index(step.link, step.netns)
      return void (await ask(writeAddressAddRequest(number, address), step.netns))
    }
    case 'addRoute': {
      const destination = step.destination === 'default' ? step.destination : parseCidr(step.destination, what)
      return void (await ask(writeRouteAddRequest(destination, parseAddressBytes(step.gateway, what)), step.netns))
    }
    case 'setMac':
      return void (await change(step.link, { mac: step.mac }, step.netns))
    case 'setHairpin':
      return void (await ask(writeHairpinRequest(await index(step.link))))
    case 'setMtu':
      return void (await change(step.link, { mtu: step.mtu }, step.netns))
    case 'addTable':
      return void (await nft(step.commands, hands.host))
    case 'setSysctl':
      return writeSysctl(step.key, step.value, step.netns ?? hands.host)
    case 'allowForward':
      return allowForward(step.bridge, hands.host)
    case 'addNetns':
      return addNetns(step.netns)
    case 'moveIn':
      return withFile(step.netns, async netnsFd => void (await change(step.link, { netnsFd })))
  }
}

async function withFile(path: string | undefined, use: (fd?: number) => Promise<void>): Promise<void> {
  if (path === undefined) return use()
  const fd = openNetns(path)
  try {
    await use(fd)
  } finally {
    closeSync(fd)
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

function parseIndex([body]: Uint8Array[], what: string): number {
  if (body === undefined) throw new OciError('PROTOCOL', `${what}: the kernel answered without a link`)
  return parseLink(body).index
}
