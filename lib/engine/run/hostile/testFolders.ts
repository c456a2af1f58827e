import type { Member } from '../../../rootfs/testLayers.ts'
import { type Case, climbing, shell } from './testCase.ts'

const at = (WorkingDir: string, line = 'pwd') => shell(line, { WorkingDir })
const MADE = 'ls -d $(pwd) > /dev/null; echo inside'
const ABSOLUTE =
  'runc wants an absolute one; who writes images by hand forgets the slash, and where it is to be is clear'
const MAGIC = 'runc follows the kernel’s own links; CVE-2024-21626 came of that'
const link = (linkpath: string): Record<string, Member> => ({ link: { linkpath } })

/** Where the program starts: image-spec config.md § WorkingDir. */
export const folderCases: Case[] = [
  ['empty', at(''), '/\n'],
  ['relative', at('bin'), '/bin\n', ['refuses', ABSOLUTE]],
  ['a name that is not there', at('/made/for/it'), '/made/for/it\n'],
  ['above the root', at('/../..'), '/\n'],
  ['climbing, to what is not there', at('/../../made'), '/made\n'],
  ['relative and climbing', at('../../made'), '/made\n', ['refuses', ABSOLUTE]],
  ['dots and slashes', at('//bin/./..//bin/'), '/bin\n'],
  ['a file', at('/file'), ['KERNEL', 'chdir to cwd ("/file")']],
  ['below a file', at('/file/below'), ['KERNEL', 'mkdirat: ENOTDIR']],
  ['a link that leads out', { ...at('/link', MADE), files: link }, 'inside\n'],
  ['a link that climbs out', { ...at('/link', MADE), files: out => link(climbing(out)) }, 'inside\n'],
  ['a folder behind a link that leads out', { ...at('/link/deep/made', MADE), files: link }, 'inside\n'],
  ['a link in a circle', { ...at('/link'), files: () => link('link') }, ['KERNEL', 'mkdirat: ELOOP']],
  ['a link to a file', { ...at('/link'), files: () => link('/file') }, ['KERNEL', 'chdir to cwd ("/link")']],
  ['a link inside', { ...at('/link'), files: () => link('/bin') }, '/bin\n'],
  ['NUL', at('/bin\0/x'), ['CONFIG_INVALID', 'config: WorkingDir: has a NUL']],
  ['a line end', at('/a\nb'), '/a\nb\n'],
  ['too long a name', at(`/${'a'.repeat(300)}`), ['KERNEL', 'ENAMETOOLONG']],
  ['too long a path', at('/a'.repeat(3000)), ['KERNEL', 'ENAMETOOLONG']],
  [
    'a thousand folders deep',
    at('/a'.repeat(1000), 'pwd > /dev/null; echo inside'),
    'inside\n',
    ['refuses', 'it counts each folder as if it were a link'],
  ],
  ...[5, 6, 7, 8].map((fd): Case => [`descriptor ${fd}`, at(`/proc/self/fd/${fd}`), ['KERNEL', 'mkdirat: ELOOP']]),
  [
    'above a descriptor',
    at('/proc/self/fd/8/../../..'),
    ['KERNEL', 'mkdirat: ELOOP'],
    ['runs', 'it takes dots for what they look like'],
  ],
  ['the root of another process', at('/proc/1/root'), ['KERNEL', 'mkdirat: ELOOP'], ['runs', MAGIC]],
  ['where a process is', at('/proc/self/cwd'), ['KERNEL', 'mkdirat: ELOOP'], ['runs', MAGIC]],
  ['a device', at('/dev/null'), ['KERNEL', 'chdir to cwd ("/dev/null")']],
  ['in /proc, where nothing can be made', at('/proc/made'), ['KERNEL', 'mkdirat: ENOENT']],
  ['in /sys, where nothing can be made', at('/sys/made'), ['KERNEL', 'mkdirat: EROFS']],
  ['in /dev', at('/dev/made'), '/dev/made\n'],
  ['a variable', at('/$HOME'), '/$HOME\n'],
  [
    'not for its user',
    {
      ...shell('pwd', { WorkingDir: '/root', User: 'app' }),
      files: () => ({ root: { type: 'directory', mode: 0o700 } }),
    },
    '/root\n',
  ],
  [
    'root’s alone, the root itself',
    { ...shell('pwd', { User: 'app' }), files: () => ({ '.': { type: 'directory', mode: 0o700 } }) },
    ['COMMAND_FAILED', 'exec: "/bin/sh": permission denied', 126],
  ],
  ['an escape sequence', at('/\x1b[2J/\u202e', 'echo inside'), 'inside\n'],
]
