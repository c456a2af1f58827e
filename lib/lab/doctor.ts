import { existsSync, readFileSync } from 'node:fs'
import { isOciError } from '../errors.ts'
import { openNative } from '../network/native.ts'
import { runTool } from './tool.ts'

/** One thing a lab stands on: there or not, and how to get it. */
export interface Diagnosis {
  readonly name: string
  readonly needed: 'always' | 'containers' | 'comparing'
  readonly state: 'ok' | 'missing'
  readonly seen: string
  readonly mend?: string
}

/**
 * Looks at everything the lab uses on this machine, or at what is named. Never throws: what cannot be looked at is missing.
 */
export async function diagnose(names?: readonly string[]): Promise<Diagnosis[]> {
  const wanted = ({ name }: { name: string }) => names === undefined || names.includes(name)
  const tools = await Promise.all(TOOLS.filter(wanted).map(tool))
  return [...[node(), system(), root(), addon(), cgroups()].filter(wanted), ...tools]
}

interface Tool {
  readonly name: string
  readonly args: string[]
  readonly needed: Diagnosis['needed']
  readonly packages: string
}

const TOOLS: readonly Tool[] = [
  { name: 'tar', args: ['--version'], needed: 'always', packages: 'tar' },
  { name: 'runc', args: ['--version'], needed: 'containers', packages: 'runc' },
  { name: 'busybox', args: ['--help'], needed: 'containers', packages: 'busybox-static' },
  { name: 'crun', args: ['--version'], needed: 'comparing', packages: 'crun' },
  { name: 'skopeo', args: ['--version'], needed: 'comparing', packages: 'skopeo' },
  { name: 'umoci', args: ['--version'], needed: 'comparing', packages: 'umoci' },
  { name: 'docker', args: ['--version'], needed: 'comparing', packages: 'docker.io' },
  { name: 'ip', args: ['-V'], needed: 'comparing', packages: 'iproute2' },
  { name: 'brctl', args: ['--version'], needed: 'comparing', packages: 'bridge-utils' },
]

async function tool({ name, args, needed, packages }: Tool): Promise<Diagnosis> {
  const seen = await runTool(name, args).then(
    text => text.split('\n')[0] ?? '',
    error => (isOciError(error, 'COMMAND_FAILED') ? 'there' : undefined),
  )
  if (seen !== undefined) return { name, needed, state: 'ok', seen }
  return { name, needed, state: 'missing', seen: 'not installed', mend: `sudo apt-get install -y ${packages}` }
}

function node(): Diagnosis {
  const ok = Number(process.versions.node.split('.')[0]) >= 24
  return {
    name: 'node',
    needed: 'always',
    state: ok ? 'ok' : 'missing',
    seen: process.version,
    mend: ok ? undefined : 'npm start brings Node 24',
  }
}

function system(): Diagnosis {
  const ok = process.platform === 'linux'
  return {
    name: 'linux',
    needed: 'containers',
    state: ok ? 'ok' : 'missing',
    seen: process.platform,
    mend: ok ? undefined : 'use the lab VM: lab-vm/',
  }
}

function root(): Diagnosis {
  const ok = process.getuid?.() === 0
  return {
    name: 'root',
    needed: 'containers',
    state: ok ? 'ok' : 'missing',
    seen: `uid ${process.getuid?.() ?? '?'}`,
    mend: ok ? undefined : 'run it with sudo',
  }
}

function addon(): Diagnosis {
  try {
    openNative()
    return { name: 'native/', needed: 'containers', state: 'ok', seen: 'built' }
  } catch (error) {
    const mend = isOciError(error) ? error.data.hint : undefined
    return {
      name: 'native/',
      needed: 'containers',
      state: 'missing',
      seen: (error as Error).message,
      mend: mend ?? 'make -C native',
    }
  }
}

function cgroups(): Diagnosis {
  const controllers = '/sys/fs/cgroup/cgroup.controllers'
  const seen = existsSync(controllers)
    ? `v2: ${readFileSync(controllers, 'utf8').trim()}`
    : existsSync('/sys/fs/cgroup')
      ? 'v1'
      : 'none'
  return { name: 'cgroups', needed: 'containers', state: seen === 'none' ? 'missing' : 'ok', seen }
}
