import { statSync } from 'node:fs'
import { RuntimeError } from '../../errors.ts'
import { sysctlNamespace, sysctlPath } from '../../spec/runtime/sysctl.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'

/** What no look at config.json alone can tell: that it asks for something this machine, or this runtime, has not. */
export function refuseUnfit({ linux = {} }: RuntimeConfig): void {
  if (linux.intelRdt)
    throw new RuntimeError('UNSUPPORTED', 'linux.intelRdt: not supported', {
      where: 'linux.intelRdt',
      want: 'nothing',
      got: linux.intelRdt,
    })
  const network = linux.namespaces?.find(({ type }) => type === 'network')?.path
  const name = Object.keys(linux.sysctl ?? {}).find(key => sysctlNamespace(sysctlPath(key)) === 'network')
  // A namespace that is named may still be the one we are in.
  if (network !== undefined && name !== undefined && isOurs(network))
    throw new RuntimeError('CONFIG_INVALID', `linux.sysctl["${name}"]: would be the host's (${network} is its own)`, {
      where: `linux.sysctl["${name}"]`,
      want: "a network namespace of the container's",
      got: network,
    })
}

function isOurs(path: string): boolean {
  const ours = statSync('/proc/self/ns/net')
  const theirs = statSync(path, { throwIfNoEntry: false })
  return theirs?.dev === ours.dev && theirs.ino === ours.ino
}
