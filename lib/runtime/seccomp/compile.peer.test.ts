import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBundle } from '../../bundle/bundle.ts'
import type { Seccomp } from '../../spec/linuxConfig.ts'
import { testBundle } from '../testBundle.ts'
import { encode, type Instruction } from './bpf.ts'
import { compileSeccomp } from './compile.ts'
import { ARCHITECTURES } from './names.ts'
import { decision } from './testFilter.ts'
import { dockerProfile } from './testProfile.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-seccomp-'))
let bundle: Awaited<ReturnType<typeof testBundle>>
beforeAll(async () => {
  bundle = await testBundle(['true'])
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  bundle?.remove()
})

/** The program that runc gives to the kernel, as strace sees it. */
async function runcProgram(seccomp: Seccomp): Promise<Uint8Array> {
  await (await openBundle(bundle.path)).edit(config => {
    config.linux!.seccomp = seccomp
  })
  const trace = join(folder, 'trace')
  const strace = ['-f', '-v', '-X', 'raw', '-o', trace, '-e', 'trace=seccomp,prctl']
  const id = `ocilab-seccomp-${process.pid}`
  execFileSync('strace', [...strace, 'runc', '--root', join(folder, 'runc'), 'run', '--bundle', bundle.path, id])
  const line = readFileSync(trace, 'utf8').match(/\{len=\d+, filter=\[(.*)\]\}.* = 0$/m)!
  return encode(instructionsIn(line[1]!))
}

/** `BPF_STMT(0|0|0x20, 0x4), BPF_JUMP(0x5|0|0x10, 0xc000003e, 0x1, 0)` */
function instructionsIn(text: string): Instruction[] {
  const number = (sum: string) => sum.split('|').reduce((all, part) => (all | Number(part)) >>> 0, 0)
  return [...text.matchAll(/BPF_(?:STMT|JUMP)\(([^)]*)\)/g)].map(([, inside]) => {
    const [code = 0, value = 0, yes = 0, no = 0] = inside!.split(', ').map(number)
    return { code, value, yes, no }
  })
}

describe.skipIf(process.arch !== 'x64')('runc', () => {
  const forbid = (more: object): Seccomp => ({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mount', 'socket', 'nothing'], action: 'SCMP_ACT_ERRNO', ...more }],
  })
  const twice = [1, 2].map(value => ({ index: 0, op: 'SCMP_CMP_EQ', value }))
  const masked = [{ index: 0, op: 'SCMP_CMP_MASKED_EQ', value: 0xf, valueTwo: 2 }]
  const both = [
    { index: 0, op: 'SCMP_CMP_GT', value: 1 },
    { index: 1, op: 'SCMP_CMP_NE', value: 8 },
  ]
  const docker = dockerProfile()

  it.each<[string, Seccomp]>([
    ['Docker’s profile', docker],
    ['Docker’s profile with CAP_SYS_ADMIN', dockerProfile({ caps: ['CAP_SYS_ADMIN'] })],
    ['… that kills', { ...docker, defaultAction: 'SCMP_ACT_KILL_PROCESS', defaultErrnoRet: undefined }],
    ['… that logs', { ...docker, defaultAction: 'SCMP_ACT_LOG', defaultErrnoRet: undefined }],
    ['… for x86-64 only', { ...docker, architectures: ['SCMP_ARCH_X86_64'] }],
    ['… for x86 beside', { ...docker, architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'] }],
    ['… with ENOSYS for all', { ...docker, defaultErrnoRet: 38 }],
    ['a few calls forbidden', forbid({})],
    ['another errno', forbid({ errnoRet: 77 })],
    ['a tracer', forbid({ action: 'SCMP_ACT_TRACE', errnoRet: 9 })],
    ['one argument twice', forbid({ args: twice })],
    ['two arguments', forbid({ args: both })],
    ['a mask', forbid({ args: masked })],
  ])('decides the same: %s', async (_, seccomp) => {
    const theirs = await runcProgram(seccomp)
    const ours = compileSeccomp(seccomp)
    const { SCMP_ARCH_X86_64: x86_64, SCMP_ARCH_X86: x86, SCMP_ARCH_ARM: arm } = ARCHITECTURES
    let compared = 0
    for (const arch of [x86_64, x86, arm])
      for (const first of [0, 0x40000000, -300, 0x80000000 | 0])
        for (let number = first; number < first + 600; number++)
          for (const args of [[], [1, 8], [2, 7], [2, 8], [0x12, 0], [0x7e020000], [2 ** 40]]) {
            const call = { number, arch, args }
            if (decision(ours, call) !== decision(theirs, call))
              expect({ call, answer: decision(ours, call) }).toEqual({ call, answer: decision(theirs, call) })
            compared++
          }
    expect(compared).toBeGreaterThan(50_000)
  })
})

describe.skipIf(process.arch !== 'x64')('the kernel', () => {
  // PR_SET_NO_NEW_PRIVS, then PR_SET_SECCOMP; then system calls by their numbers, with what errno says.
  const perl = `
    use strict; my ($file, @calls) = @ARGV; local $/; open my $in, '<', $file; my $program = <$in>;
    syscall(157, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
    my $whole = pack('S x6 P', length($program) / 8, $program);
    syscall(157, 22, 2, $whole) == 0 or die "seccomp: $!";
    for (@calls) { my @call = map { int } split /,/; $! = 0; syscall($call[0], @call[1..$#call]); print $! + 0, "\\n" }`
  const MKDIR = 83
  const MOUNT = 165
  const PERSONALITY = 135

  it.each<[string, Seccomp, [string, number][]]>([
    [
      'Docker’s profile',
      dockerProfile(),
      [
        [`${MOUNT},0,0,0,0,0`, 1],
        [`${PERSONALITY},4294967295`, 0],
        [`${PERSONALITY},262144`, 1],
        ['435,0,0', 38],
        ['4000', 38],
        ['39', 0],
      ],
    ],
    [
      'one call with another errno',
      { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 77 }] },
      [
        [`${MKDIR},0,0`, 77],
        [`${MOUNT},0,0,0,0,0`, 14],
      ],
    ],
  ])('takes %s', (name, seccomp, calls) => {
    const file = join(folder, encodeURIComponent(name))
    writeFileSync(file, compileSeccomp(seccomp))
    const output = execFileSync('perl', ['-e', perl, file, ...calls.map(([call]) => call)], { encoding: 'utf8' })
    expect(output.trim().split('\n').map(Number)).toEqual(calls.map(([, errno]) => errno))
  })
})
