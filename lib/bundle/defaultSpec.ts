import { existsSync } from 'node:fs'
import { link, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryName, writeFileAtomically } from '../bytes/file.ts'
import { isSystemError, OciError } from '../errors.ts'
import { type Options, say } from '../events.ts'
import type { Profile } from '../spec/profile.ts'
import type { CapabilitySet, Mount, Namespace, RuntimeConfig } from '../spec/runtimeConfig.ts'

export interface SpecOptions {
  /** For a container of an ordinary user: a user namespace, and nothing that needs root. ≙ `runc spec --rootless` */
  rootless?: boolean
  /** `2020`: as the article's runc 1.0.0-rc10; `current`: as runc 1.1, which Debian 12 and 13 have. */
  profile?: Profile
}

/** What runc changed since the article, and nothing else did. */
const PROFILES: Record<Profile, { ociVersion: string; capabilitySets: CapabilitySet[] }> = {
  '2020': { ociVersion: '1.0.1-dev', capabilitySets: ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'] },
  // No inheritable set since 1.1.2: it let programs without any rights regain some (CVE-2022-29162).
  current: { ociVersion: '1.0.2-dev', capabilitySets: ['bounding', 'effective', 'permitted', 'ambient'] },
}

const CAPABILITIES = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE']

const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/sys/firmware',
  '/proc/scsi',
]

const READONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

const SEALED = ['nosuid', 'noexec', 'nodev']

/** The configuration runc starts everybody with, field by field in its order. ≙ `runc spec` */
export function defaultSpec({ rootless = false, profile = 'current' }: SpecOptions = {}): RuntimeConfig {
  const { ociVersion, capabilitySets } = PROFILES[profile]
  return {
    ociVersion,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ['sh'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: Object.fromEntries(capabilitySets.map(set => [set, [...CAPABILITIES]])),
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'runc',
    mounts: mounts(rootless, profile),
    linux: {
      ...(rootless ? ownMappings() : { resources: { devices: [{ allow: false, access: 'rwm' }] } }),
      namespaces: namespaces(rootless, profile),
      maskedPaths: [...MASKED],
      readonlyPaths: [...READONLY],
    },
  }
}

/** Writes the default configuration into a bundle. Throws `TARGET_EXISTS` rather than replace one. ≙ `runc spec` */
export async function writeSpec(folder: string, options: SpecOptions & Options = {}): Promise<RuntimeConfig> {
  say(options, `runc spec${options.rootless ? ' --rootless' : ''} --bundle ${folder}`)
  const config = defaultSpec(options)
  const path = join(folder, 'config.json')
  const beside = temporaryName(path)
  await mkdir(folder, { recursive: true })
  try {
    await writeFileAtomically(beside, JSON.stringify(config, null, '\t'))
    // A link, unlike a rename, never replaces what is there.
    await link(beside, path)
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
    throw new OciError(
      'TARGET_EXISTS',
      `${path}: File config.json exists. Remove it first`,
      { where: path },
      { cause: error },
    )
  } finally {
    await rm(beside, { force: true })
  }
  return config
}

function mounts(rootless: boolean, profile: Profile): Mount[] {
  const gid = rootless ? [] : ['gid=5']
  const all: Mount[] = [
    { destination: '/proc', type: 'proc', source: 'proc' },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', ...gid],
    },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...SEALED, 'mode=1777', 'size=65536k'] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: [...SEALED] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...SEALED, 'ro'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...SEALED, 'relatime', 'ro'] },
  ]
  if (!rootless) return all
  // Only the owner of a network namespace may mount sysfs for it, so a user without one binds the host's.
  const bound: Mount = { destination: '/sys', type: 'none', source: '/sys', options: ['rbind', ...SEALED, 'ro'] }
  if (profile === '2020') return [...all.filter(mount => !mount.destination.startsWith('/sys')), bound]
  return all.map(mount => (mount.destination === '/sys' ? bound : mount))
}

function namespaces(rootless: boolean, profile: Profile): Namespace[] {
  const types: Namespace['type'][] = rootless
    ? ['pid', 'ipc', 'uts', 'mount']
    : ['pid', 'network', 'ipc', 'uts', 'mount']
  // runc adds it where the machine has the unified hierarchy only.
  if (profile === 'current' && existsSync('/sys/fs/cgroup/cgroup.controllers')) types.push('cgroup')
  if (rootless) types.push('user')
  return types.map(type => ({ type }))
}

function ownMappings() {
  const own = (hostID: number) => [{ containerID: 0, hostID, size: 1 }]
  return { uidMappings: own(process.geteuid?.() ?? 0), gidMappings: own(process.getegid?.() ?? 0) }
}
