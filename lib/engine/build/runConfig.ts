import { defaultSpec } from '../../bundle/defaultSpec.ts'
import { type Accounts, resolveUser } from '../../bundle/user.ts'
import type { CapabilitySet, Mount, RuntimeConfig } from '../../spec/runtimeConfig.ts'
import type { BuildConfig } from './imageState.ts'

// What docker lets a build do: to change owners and modes and to be other users, but nothing to the machine.
const CAPABILITIES = (
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP ' +
  'NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
)
  .split(' ')
  .map(name => `CAP_${name}`)
const SETS: CapabilitySet[] = ['bounding', 'effective', 'permitted']
const HOSTNAME = 'build'

/** The container of a RUN. Pure. */
export function runConfig(it: {
  rootfs: string
  args: readonly string[]
  env: readonly string[]
  image: BuildConfig
  accounts: Accounts
  network: 'none' | 'host'
  mounts: readonly Mount[]
}): RuntimeConfig {
  const spec = defaultSpec()
  const { ids } = resolveUser(it.image.User ?? '', it.accounts)
  const isOther = (type: string) => type !== 'network' || it.network === 'none'
  return {
    ...spec,
    process: {
      terminal: false,
      user: ids,
      args: [...it.args],
      env: [...it.env],
      cwd: it.image.WorkingDir || '/',
      capabilities: Object.fromEntries(SETS.map(set => [set, ids.uid === 0 || set === 'bounding' ? CAPABILITIES : []])),
      noNewPrivileges: false,
    },
    root: { path: it.rootfs, readonly: false },
    hostname: HOSTNAME,
    mounts: [...spec.mounts!, ...it.mounts],
    linux: { ...spec.linux, namespaces: spec.linux!.namespaces!.filter(({ type }) => isOther(type)) },
  }
}
