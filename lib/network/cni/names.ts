import { isLinkName, LINK_NAME } from '../names.ts'
import { cniError } from './error.ts'

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** SPEC.md § Configuration format: a network's name is also a file's. Throws `CNI_FAILED` (7). */
export function checkNetwork(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') throw cniError(7, 'missing network name')
  if (!NAME.test(name)) throw cniError(7, 'invalid characters in network name', name)
}

/** SPEC.md § Parameters. Throws `CNI_FAILED` (4), or 3 for none at all. */
export function checkContainerId(id: string): void {
  if (id === '') throw cniError(3, 'missing containerID')
  if (!NAME.test(id)) throw cniError(4, 'invalid CNI_CONTAINERID', id)
}

/** What the kernel allows as a link's name. Throws `CNI_FAILED` (4). */
export function checkIfName(name: string): void {
  if (!isLinkName(name)) throw cniError(4, 'invalid CNI_IFNAME', `want ${LINK_NAME}, got ${name}`)
}

/** A plugin is found by its type, which must not lead out of the folders of CNI_PATH. Throws `CNI_FAILED` (7). */
export function checkType(type: unknown): asserts type is string {
  if (typeof type !== 'string' || type === '') throw cniError(7, 'missing plugin type')
  if (/[/\\]/.test(type) || type === '.' || type === '..') throw cniError(7, 'invalid plugin type', type)
}
