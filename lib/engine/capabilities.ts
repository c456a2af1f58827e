import type { CapabilitySet } from '../spec/runtimeConfig.ts'

/** What root may do in a container unless told otherwise: Docker's list, longer than runc's own. */
const CAPABILITIES = (
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP ' +
  'NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
)
  .split(' ')
  .map(name => `CAP_${name}`)
const SETS: CapabilitySet[] = ['bounding', 'effective', 'permitted']

/** What a user may do. Others than root could else run, or start in, what only root may: until the program runs they would have it all. */
export function capabilitiesOf({ uid }: { uid: number }): Partial<Record<CapabilitySet, string[]>> {
  return Object.fromEntries(SETS.map(set => [set, uid === 0 || set === 'bounding' ? CAPABILITIES : []]))
}
