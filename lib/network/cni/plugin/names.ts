import { createHash } from 'node:crypto'
import type { Asked } from './request.ts'

type Whose = Pick<Asked, 'network' | 'containerId' | 'ifName'>

/** The host's end of an attachment's cable. Its name tells whose it is, so that DEL finds it when the namespace is gone. */
export function hostLinkOf({ containerId, ifName }: Whose): string {
  return `veth${hash(`${containerId}/${ifName}`, 4)}`
}

/** The nftables table of one plugin for one attachment: `ocilab_cni_masq_NETWORK_ATTACHMENT`. */
export function tableOf(use: 'masq' | 'ports', { network, containerId, ifName }: Whose): string {
  return `${tablesOf(use, network)}${hash(`${containerId}/${ifName}`, 8)}`
}

/** How the names of all of a network's tables begin. */
export function tablesOf(use: 'masq' | 'ports', network: string): string {
  return `ocilab_cni_${use}_${hash(network, 4)}_`
}

function hash(text: string, bytes: number): string {
  return createHash('sha256').update(text).digest().toString('hex', 0, bytes)
}
