import { closeSync, openSync } from 'node:fs'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { type IdmappedMount, idmappedMounts } from '../plan/idmaps.ts'
import { NAMESPACES } from '../plan/namespaces.ts'
import { waitAt } from '../plan/step.ts'
import { carryOut } from './hand.ts'
import { mapIds } from './idMaps.ts'

/**
 * Does something while there is, for each mount of the config whose owners are mapped, a user namespace with its mapping:
 * `paths` are where to open them. Nobody is in them, so they are gone when we let go of them.
 */
export async function withMountMappings<T>(
  config: RuntimeConfig,
  privileged: boolean,
  work: (paths: string[]) => Promise<T>,
): Promise<T> {
  const opened: number[] = []
  try {
    for (const mount of idmappedMounts(config)) opened.push(await userNamespace(mount, privileged))
    return await work(opened.map(fd => `/proc/${process.pid}/fd/${fd}`))
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}

/** A descriptor of a new one. It takes a process to make one; that has nothing else to do, and ends. */
async function userNamespace({ uidMappings, gidMappings }: IdmappedMount, privileged: boolean): Promise<number> {
  let fd = -1
  const linux = {
    namespaces: [{ type: 'user' as const }],
    uidMappings: [...uidMappings],
    gidMappings: [...gidMappings],
  }
  const made = await carryOut([{ op: 'clone', flags: NAMESPACES.user.flag, cgroup: -1 }, waitAt('cloned')], {
    streams: [0, 1, 2],
    preserved: 0,
    async at(_point, pid) {
      await mapIds(pid, linux, privileged)
      fd = openSync(`/proc/${pid}/ns/user`, 'r')
    },
  })
  await made.exited()
  return fd
}
