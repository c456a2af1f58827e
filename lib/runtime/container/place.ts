import { readFileSync, realpathSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Seccomp } from '../../spec/linuxConfig.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { deviceProgram, deviceRules } from '../cgroup/devices.ts'
import { hierarchies, ownBelowMount } from '../cgroup/hierarchy.ts'
import { type CgroupPaths, cgroupPaths, entranceOf } from '../cgroup/paths.ts'
import { idmappedMounts } from '../plan/idmaps.ts'
import type { InitPlace } from '../plan/initPlan.ts'
import type { CreateOptions } from './create.ts'
import { mayChangeGroups } from './idMaps.ts'

/** All of this machine that the plan of a container depends on. */
export interface Surroundings {
  place: InitPlace
  cgroups: CgroupPaths
}

/** Looks at this machine, and changes nothing of it. */
export async function surroundingsOf(
  id: string,
  bundle: string,
  config: RuntimeConfig,
  options: Pick<CreateOptions, 'console' | 'noPivot' | 'noKeyring' | 'preserved' | 'root'>,
): Promise<Surroundings> {
  const { linux = {} } = config
  const privileged = process.getuid!() === 0
  const list = hierarchies()
  const cgroups = cgroupPaths(linux.cgroupsPath, id, list)
  return {
    cgroups,
    place: {
      id,
      bundle,
      label: linux.mountLabel,
      entrance: entranceOf(cgroups),
      cgroupNamespace: linux.namespaces?.some(({ type }) => type === 'cgroup') ?? false,
      cgroups: cgroupTrees(cgroups, list),
      held: heldCapabilities(linux.namespaces?.some(({ type }) => type === 'user') ?? false),
      setGroups: mayChangeGroups(linux, privileged),
      seccomp: await filterOf(linux.seccomp, options.root),
      preserved: options.preserved ?? 0,
      privileged,
      console: options.console,
      parentMount: /shared/.test(linux.rootfsPropagation ?? '') ? mountPointOf(bundle, config) : undefined,
      noPivot: options.noPivot ?? false,
      noKeyring: options.noKeyring ?? false,
      idmaps: idmappedMounts(config).map(() => '/proc/PID/ns/user'),
      deviceProgram:
        cgroups.mode === 'v2' && privileged
          ? { cgroup: cgroups.folders.unified!, program: deviceProgram(deviceRules(linux.resources?.devices ?? [])) }
          : undefined,
    },
  }
}

/** The trees of cgroups here, with the container's place in each: where it has none of its own, it stays in ours. */
export function cgroupTrees({ folders }: CgroupPaths, list = hierarchies()): InitPlace['cgroups'] {
  return list.map(hierarchy => ({
    version: hierarchy.version,
    names: hierarchy.controllers.join(','),
    folder:
      folders[hierarchy.version === 2 ? 'unified' : hierarchy.controllers[0]!] ??
      join(hierarchy.mountpoint, ownBelowMount(hierarchy)),
  }))
}

/** What we may have, and so give. In a user namespace of its own a process has them all. */
export function heldCapabilities(userNamespace: boolean): bigint {
  const status = readFileSync('/proc/self/status', 'latin1')
  const [, bounding = '0'] = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status) ?? []
  return userNamespace ? ~0n & 0xffffffffffffffffn : BigInt(`0x${bounding}`)
}

/** The longest mount point that the rootfs is below. */
function mountPointOf(bundle: string, config: RuntimeConfig): string {
  const path = config.root!.path
  const rootfs = realpathSync(isAbsolute(path) ? path : join(bundle, path))
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line =>
      line.split(' ')[4]!.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
  const above = points.filter(point => point === '/' || rootfs === point || rootfs.startsWith(`${point}/`))
  return above.sort((a, b) => b.length - a.length)[0] ?? '/'
}

/** The compiled filter. What compiles it is loaded only where there is one to compile. */
export async function filterOf(seccomp: Seccomp | undefined, root: string): Promise<InitPlace['seccomp']> {
  if (!seccomp) return undefined
  const [{ cachedSeccomp }, { seccompFlags, seccompListener }] = await Promise.all([
    import('../seccomp/cache.ts'),
    import('../seccomp/compile.ts'),
  ])
  const program = cachedSeccomp(seccomp, join(root, '.seccomp'))
  return { program, flags: seccompFlags(seccomp), listener: seccompListener(seccomp) }
}
