import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isOciError } from '../errors.ts'
import { openNative } from '../network/native.ts'
import type { Words } from './claim.ts'
import { installedJupyter } from './jupyter/server/install.ts'
import { staleBuild } from './nativeBuild.ts'
import { runTool } from './tool.ts'

/** One thing a lab stands on: there or not, and how to get it. */
export interface Diagnosis {
  readonly name: string
  readonly needed: 'always' | 'containers' | 'comparing' | 'notebooks'
  readonly state: 'ok' | 'missing'
  readonly seen: Words
  readonly mend?: Words
}

/**
 * Looks at everything the lab uses on this machine, or at what is named. Never throws: what cannot be looked at is missing.
 */
export async function diagnose(names?: readonly string[]): Promise<Diagnosis[]> {
  const wanted = ({ name }: { name: string }) => names === undefined || names.includes(name)
  const tools = await Promise.all(TOOLS.filter(wanted).map(tool))
  const others = PARTS.filter(wanted).map(({ look }) => look())
  return [...others, ...tools]
}

/** What a lesson may say that it needs. */
export function knownNeeds(): string[] {
  return [...PARTS, ...TOOLS].map(({ name }) => name)
}

const NOT_INSTALLED = { en: 'not installed', zh: '没有安装' }
const THERE = { en: 'there', zh: '有' }
const DUMB = { en: 'does not answer', zh: '没有应答' }
const NONE = { en: 'none', zh: '没有' }

interface Tool {
  readonly name: string
  readonly args: string[]
  readonly needed: Diagnosis['needed']
  readonly packages: string
  /** Where it is not the name. */
  readonly program?: string
  /** It must answer, too: being there is not enough. */
  readonly mend?: string
}

const TOOLS: readonly Tool[] = [
  { name: 'tar', args: ['--version'], needed: 'always', packages: 'tar' },
  { name: 'runc', args: ['--version'], needed: 'containers', packages: 'runc' },
  { name: 'busybox', args: ['--help'], needed: 'containers', packages: 'busybox-static' },
  { name: 'crun', args: ['--version'], needed: 'comparing', packages: 'crun' },
  { name: 'skopeo', args: ['--version'], needed: 'comparing', packages: 'skopeo' },
  { name: 'umoci', args: ['--version'], needed: 'comparing', packages: 'umoci' },
  { name: 'docker', args: ['--version'], needed: 'comparing', packages: 'docker.io' },
  {
    name: 'dockerd',
    program: 'docker',
    args: ['version', '--format', '{{.Server.Version}}'],
    needed: 'comparing',
    packages: 'docker.io',
    mend: 'sudo systemctl start docker',
  },
  { name: 'curl', args: ['--version'], needed: 'comparing', packages: 'curl' },
  { name: 'ip', args: ['-V'], needed: 'comparing', packages: 'iproute2' },
  { name: 'brctl', args: ['--version'], needed: 'comparing', packages: 'bridge-utils' },
  { name: 'python3', args: ['--version'], needed: 'notebooks', packages: 'python3' },
  {
    name: 'venv',
    program: 'python3',
    args: ['-c', 'import ensurepip, venv; print("python3-venv")'],
    needed: 'notebooks',
    packages: 'python3-venv',
    mend: 'sudo apt-get install -y python3-venv',
  },
]

const PARTS: readonly { name: string; look(): Diagnosis }[] = [
  { name: 'node', look: node },
  { name: 'linux', look: system },
  { name: 'root', look: root },
  { name: 'native/', look: addon },
  { name: 'cgroups', look: cgroups },
  { name: 'jupyter', look: jupyter },
  { name: 'kernel', look: kernel },
]

async function tool({ name, program = name, args, needed, packages, mend }: Tool): Promise<Diagnosis> {
  const seen = await runTool(program, args).then(
    (text): { there: boolean; words: Words } => ({ there: true, words: text.split('\n')[0] ?? '' }),
    // Some programs know no --version: that they have something to say about it shows that they are there.
    error => {
      const there = isOciError(error, 'COMMAND_FAILED')
      return { there: there && mend === undefined, words: there ? (mend ? DUMB : THERE) : NOT_INSTALLED }
    },
  )
  if (seen.there) return { name, needed, state: 'ok', seen: seen.words }
  const installs = `sudo apt-get install -y ${packages}`
  return { name, needed, state: 'missing', seen: seen.words, mend: seen.words === NOT_INSTALLED ? installs : mend }
}

function node(): Diagnosis {
  const ok = Number(process.versions.node.split('.')[0]) >= 24
  return {
    name: 'node',
    needed: 'always',
    state: ok ? 'ok' : 'missing',
    seen: process.version,
    mend: ok ? undefined : { en: 'npm start brings Node 24', zh: 'npm start 会带来 Node 24' },
  }
}

function system(): Diagnosis {
  const ok = process.platform === 'linux'
  return {
    name: 'linux',
    needed: 'containers',
    state: ok ? 'ok' : 'missing',
    seen: process.platform,
    mend: ok ? undefined : { en: 'use the lab VM: lab-vm/', zh: '请用实验虚拟机：lab-vm/' },
  }
}

function root(): Diagnosis {
  const ok = process.getuid?.() === 0
  return {
    name: 'root',
    needed: 'containers',
    state: ok ? 'ok' : 'missing',
    seen: `uid ${process.getuid?.() ?? '?'}`,
    mend: ok ? undefined : { en: 'run it with sudo', zh: '用 sudo 运行' },
  }
}

function addon(): Diagnosis {
  try {
    openNative()
    const stale = staleBuild()
    return stale
      ? { name: 'native/', needed: 'containers', state: 'missing', seen: stale, mend: 'make -C native' }
      : { name: 'native/', needed: 'containers', state: 'ok', seen: { en: 'built', zh: '已编译' } }
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
      : NONE
  return { name: 'cgroups', needed: 'containers', state: seen === NONE ? 'missing' : 'ok', seen }
}

function jupyter(): Diagnosis {
  const there = installedJupyter()
  if (there) return { name: 'jupyter', needed: 'notebooks', state: 'ok', seen: there.path }
  return {
    name: 'jupyter',
    needed: 'notebooks',
    state: 'missing',
    seen: NOT_INSTALLED,
    mend: { en: 'ocilab lab installs it', zh: 'ocilab lab 会安装它' },
  }
}

/** Whether the notebooks' kernel can start: its sockets are a native module, its compiler another package. */
function kernel(): Diagnosis {
  const require = createRequire(import.meta.url)
  try {
    require('zeromq')
    const { version } = require('tslab/package.json')
    return { name: 'kernel', needed: 'notebooks', state: 'ok', seen: `zeromq, tslab ${version}` }
  } catch (error) {
    const seen = (error as Error).message.split('\n')[0] ?? ''
    return { name: 'kernel', needed: 'notebooks', state: 'missing', seen, mend: 'npm install --ignore-scripts' }
  }
}
