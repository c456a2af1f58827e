import { OciError } from '../errors.ts'
import { parseAddress, writeAddressesRequest } from './address.ts'
import { type Cidr, parseCidr, toNumber } from './cidr.ts'
import type { Hands } from './hands.ts'
import { writeLinkRequest } from './link.ts'
import { isErrno } from './native.ts'
import { netnsExists } from './netns.ts'
import { tableExists } from './nft.ts'
import type { NetworkStep } from './step.ts'

/** Makes sure that nothing a plan makes is there already. Throws `NETWORK_EXISTS`, and then nothing was changed. */
export async function checkFree(plan: readonly NetworkStep[], hands: Hands): Promise<void> {
  await checkLinks(plan.flatMap(newLinks), hands)
  for (const step of plan) await checkStep(step, hands)
}

async function checkStep(step: NetworkStep, hands: Hands): Promise<void> {
  if (step.change === 'addNetns' && netnsExists(step.netns))
    throw exists(step.netns, 'a network namespace of this name')
  if (step.change === 'addTable' && (await tableExists(step.table, hands.host)))
    throw exists(step.table, 'an nftables table of this name')
  if (step.change === 'addAddress' && step.netns === undefined) await checkAddress(step.address, hands)
}

function newLinks(step: NetworkStep): string[] {
  if (step.change === 'addBridge') return [step.bridge]
  if (step.change !== 'addVeth') return []
  return step.peerNetns === undefined ? [step.link, step.peer] : [step.link]
}

async function checkLinks(links: readonly string[], hands: Hands): Promise<void> {
  if (links.length === 0) return
  const questions = links.map(link => ({ request: writeLinkRequest(link), what: `ip link show ${link}` }))
  const answers = await (await hands.netlink()).requests(questions, true)
  for (const [index, { error }] of answers.entries()) {
    if (error === undefined) throw exists(links[index]!, 'a link of this name')
    if (!isErrno(error, 'ENODEV')) throw error
  }
}

// Two links with addresses of one network: the kernel would take it, and answer packets through whichever came first.
async function checkAddress(wanted: string, hands: Hands): Promise<void> {
  const want = parseCidr(wanted, 'address')
  for (const body of await (await hands.netlink()).request(writeAddressesRequest(), 'ip addr show')) {
    const { address } = parseAddress(body)
    if (overlap(want, parseCidr(address, 'address')))
      throw exists(wanted, `${address}, an address of the same network,`)
  }
}

function overlap(left: Cidr, right: Cidr): boolean {
  if (left.bytes.length !== right.bytes.length || left.bytes.length !== 4) return false
  const size = 2 ** (32 - Math.min(left.prefix, right.prefix))
  return Math.floor(toNumber(left.bytes) / size) === Math.floor(toNumber(right.bytes) / size)
}

function exists(where: string, what: string): OciError {
  return new OciError('NETWORK_EXISTS', `${where}: ${what} exists already`, {
    where,
    got: what,
    hint: 'run: ocilab reset',
  })
}
