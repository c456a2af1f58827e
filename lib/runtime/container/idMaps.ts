import { readFileSync, writeFileSync } from 'node:fs'
import { RuntimeError } from '../../errors.ts'
import type { IdMapping, LinuxConfig } from '../../spec/linuxConfig.ts'

/** Says who the users of a new user namespace are outside. user_namespaces(7) § User and group ID mappings */
export async function mapIds(pid: number, linux: LinuxConfig, privileged: boolean): Promise<void> {
  const user = linux.namespaces?.find(({ type }) => type === 'user')
  if (!user || user.path !== undefined) return
  const { uidMappings = [], gidMappings = [] } = linux
  if (privileged) {
    writeFileSync(`/proc/${pid}/uid_map`, lines(uidMappings))
    writeFileSync(`/proc/${pid}/gid_map`, lines(gidMappings))
    return
  }
  await mapOwn(pid, 'uid', uidMappings, process.getuid!())
  await mapOwn(pid, 'gid', gidMappings, process.getgid!())
}

/** An ordinary user may map itself; for the ids of /etc/subuid there is a program that may map those. */
async function mapOwn(pid: number, kind: 'uid' | 'gid', mappings: readonly IdMapping[], own: number): Promise<void> {
  if (mappings.length === 1 && mappings[0]!.hostID === own && mappings[0]!.size === 1) {
    // Who may drop a group could so get at what the group is denied: the kernel wants this given up first.
    if (kind === 'gid') writeFileSync(`/proc/${pid}/setgroups`, 'deny')
    writeFileSync(`/proc/${pid}/${kind}_map`, lines(mappings))
    return
  }
  const { execFileSync } = await import('node:child_process')
  try {
    execFileSync(`new${kind}map`, [String(pid), ...mappings.flatMap(fieldsOf).map(String)], { stdio: 'pipe' })
  } catch (cause) {
    throw new RuntimeError(
      'NOT_PERMITTED',
      `linux.${kind}Mappings: new${kind}map refused: ${(cause as { stderr?: Buffer }).stderr?.toString().trim() || (cause as Error).message}`,
      { where: `linux.${kind}Mappings`, want: mappings, hint: `see /etc/sub${kind}, and install uidmap` },
      { cause },
    )
  }
}

const fieldsOf = ({ containerID, hostID, size }: IdMapping) => [containerID, hostID, size]
const lines = (mappings: readonly IdMapping[]) => mappings.map(mapping => `${fieldsOf(mapping).join(' ')}\n`).join('')

/** Whether groups may be set in the user namespace of a process, ours for one. */
export function mayChangeGroups(linux: LinuxConfig, privileged: boolean): boolean {
  const user = linux.namespaces?.find(({ type }) => type === 'user')
  if (!user) return privileged
  if (privileged || user.path !== undefined) return readFileSync('/proc/self/setgroups', 'utf8').startsWith('allow')
  return linux.gidMappings?.length !== 1 || linux.gidMappings[0]!.size !== 1
}
