import { readFileSync } from 'node:fs'
import type { Seccomp, SyscallRule } from '../../spec/linuxConfig.ts'

interface Template {
  defaultAction: string
  defaultErrnoRet: number
  archMap: { architecture: string; subArchitectures: string[] }[]
  syscalls: (SyscallRule & { includes?: Filter; excludes?: Filter })[]
}
type Filter = { caps?: string[]; arches?: string[]; minKernel?: string }

/** testdata/moby-default.json is default.json of github.com/moby/profiles/seccomp v0.3.0, Apache-2.0, as it is there. */
const FILE = new URL('testdata/moby-default.json', import.meta.url)

/** Docker's default profile, as dockerd writes it in config.json for a container with these capabilities. */
export function dockerProfile({
  caps = [] as string[],
  arch = 'amd64',
  architecture = 'SCMP_ARCH_X86_64',
} = {}): Seccomp {
  const template = JSON.parse(readFileSync(FILE, 'utf8')) as Template
  const some = (wanted: string[] | undefined, have: string[]) => wanted?.some(word => have.includes(word))
  const holds = ({ includes, excludes }: Template['syscalls'][number]) =>
    some(includes?.arches, [arch]) !== false &&
    (includes?.caps ?? []).every(cap => caps.includes(cap)) &&
    !some(excludes?.arches, [arch]) &&
    !some(excludes?.caps, caps)
  const others = template.archMap.find(map => map.architecture === architecture)?.subArchitectures ?? []
  return {
    defaultAction: template.defaultAction,
    defaultErrnoRet: template.defaultErrnoRet,
    architectures: [architecture, ...others],
    syscalls: template.syscalls.filter(holds).map(({ includes: _i, excludes: _e, ...rule }) => rule),
  }
}
