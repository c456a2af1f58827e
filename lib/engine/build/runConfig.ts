import { defaultSpec } from '../../bundle/defaultSpec.ts'
import { type Accounts, resolveUser } from '../../bundle/user.ts'
import type { Mount, RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { capabilitiesOf } from '../capabilities.ts'
import type { BuildConfig } from './imageState.ts'

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
      capabilities: capabilitiesOf(ids),
      noNewPrivileges: false,
    },
    root: { path: it.rootfs, readonly: false },
    hostname: HOSTNAME,
    mounts: [...spec.mounts!, ...it.mounts],
    linux: { ...spec.linux, namespaces: spec.linux!.namespaces!.filter(({ type }) => isOther(type)) },
  }
}
