import { readFileSync, rmSync } from 'node:fs'
import type { Undo } from '../events.ts'
import { openNetlink, withNetlink } from './client.ts'
import { forbidForward, forwardIsAllowed } from './forward.ts'
import { writeLinkDeleteRequest, writeLinkRequest } from './link.ts'
import { bridgeLock } from './names.ts'
import { isErrno } from './native.ts'
import { deleteNetns, isNetns, netnsExists, netnsName, unmountAll } from './netns.ts'
import { deleteTable, tableExists } from './nft.ts'
import { sysctlDiffers, writeSysctl } from './sysctl.ts'

/** The changes this floor knows how to take back. */
export type NetworkUndo = Extract<Undo, { kind: 'link' | 'netns' | 'mount' | 'nft' | 'sysctl' | 'forward' }>

/** The line of ip(8) or umount(8) that does the same. */
export function undoLine(undo: NetworkUndo): string {
  switch (undo.kind) {
    case 'link':
      return `ip link del ${undo.name}`
    case 'netns':
      return `ip netns del ${netnsName(undo.path) ?? undo.path}`
    case 'mount':
      return `umount --lazy ${undo.path}`
    case 'nft':
      return `nft delete table inet ${undo.table}`
    case 'sysctl':
      return `sysctl -w ${undo.key}=${undo.value}`
    case 'forward':
      return `iptables -D DOCKER-USER -i ${undo.bridge} -j ACCEPT && iptables -D DOCKER-USER -o ${undo.bridge} -j ACCEPT`
  }
}

/** True while there is something to take back. */
export async function isThere(undo: NetworkUndo): Promise<boolean> {
  switch (undo.kind) {
    case 'link':
      return linkExists(undo.name, undo.netns)
    case 'netns':
      return netnsExists(undo.path)
    case 'mount':
      return mountPoints().includes(undo.path)
    case 'nft':
      return tableExists(undo.table, undo.netns)
    case 'sysctl':
      return sysctlDiffers(undo.key, undo.value, undo.netns)
    case 'forward':
      return forwardIsAllowed(undo.bridge, undo.netns)
  }
}

/** Takes a change back; one that is gone already is fine. Throws `KERNEL`, `NOT_PERMITTED`. */
export async function takeBack(undo: NetworkUndo): Promise<void> {
  switch (undo.kind) {
    case 'link':
      await deleteLink(undo.name, undo.netns)
      // Where its addresses were given out, if it was a bridge.
      return rmSync(bridgeLock(undo.name), { force: true })
    case 'netns':
      return deleteNetns(undo.path)
    case 'mount':
      return unmountAll(undo.path)
    case 'nft':
      return deleteTable(undo.table, undo.netns)
    case 'sysctl':
      if (undo.netns === undefined || isNetns(undo.netns)) await writeSysctl(undo.key, undo.value, undo.netns)
      return
    case 'forward':
      return forbidForward(undo.bridge, undo.netns)
  }
}

/** Every mount point of this mount namespace, in the order they were mounted. */
export function mountPoints(): string[] {
  const decode = (path: string) =>
    path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n')
  return lines.map(line => decode(line.split(' ')[4] ?? ''))
}

/** ≙ ip link del; a link, or a whole namespace, that is gone already is fine. */
export async function deleteLink(name: string, netns?: string): Promise<void> {
  if (netns !== undefined && !isNetns(netns)) return
  await withNetlink(netns, netlink => netlink.request(writeLinkDeleteRequest(name), `ip link del ${name}`)).catch(
    error => {
      if (!isErrno(error, 'ENODEV')) throw error
    },
  )
}

/** True when there is a link of that name. */
export async function linkExists(name: string, netns?: string): Promise<boolean> {
  if (netns !== undefined && !isNetns(netns)) return false
  const netlink = await openNetlink(netns)
  try {
    await netlink.request(writeLinkRequest(name), `ip link show ${name}`)
    return true
  } catch (error) {
    if (isErrno(error, 'ENODEV')) return false
    throw error
  } finally {
    netlink.close()
  }
}
