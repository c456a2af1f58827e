import type { Member } from '../../../rootfs/testLayers.ts'
import { type Case, climbing, type Expected, type HostileImage } from './testCase.ts'

const program = (Entrypoint: unknown, files: Record<string, Member> = {}, process = {}): HostileImage => ({
  process: { Entrypoint, ...process },
  files: () => files,
})
const file = (body: string, mode = 0o755): Record<string, Member> => ({ program: { body, mode } })

const missing = (name: string): Expected => [
  'COMMAND_FAILED',
  `exec: ${JSON.stringify(name)}: executable file not found in $PATH`,
  127,
]
const absent = (path: string): Expected => ['COMMAND_FAILED', `exec: "${path}": stat ${path}: no such file`, 127]
const unfit = (what: string): Expected => ['COMMAND_FAILED', `exec: ${what}`, 126]
const FORMAT = unfit('"/program": exec format error')

const elf = (machine: number) => {
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(machine, 18)
  header.writeUInt32LE(1, 20)
  header.writeUInt16LE(64, 52)
  return header.toString('latin1')
}

/** What is run: image-spec config.md § Entrypoint, § Cmd. */
export const programCases: Case[] = [
  ['none', { process: {} }, ['ARGUMENT_INVALID', 'no command']],
  ['no config at all', { config: ({ config: _, ...it }) => it }, ['ARGUMENT_INVALID', 'no command']],
  ['a config that is null', { config: it => ({ ...it, config: null }) }, ['ARGUMENT_INVALID', 'no command']],
  ['empty lists', { process: { Entrypoint: [], Cmd: [] } }, ['ARGUMENT_INVALID', 'no command']],
  ['nulls', { process: { Entrypoint: null, Cmd: null } }, ['ARGUMENT_INVALID', 'no command']],
  ['a list with null', program([null]), ['MANIFEST_INVALID', 'config.Entrypoint[0]: want a string, got null']],
  ['a list with a number', program(['sh', 7]), ['MANIFEST_INVALID', 'config.Entrypoint[1]: want a string, got 7']],
  [
    'a text',
    program('true'),
    ['MANIFEST_INVALID', 'config.Entrypoint: want an array, got "true"'],
    ['runs', 'it takes a text for a list of one; config.md does not'],
  ],
  ['an object', program({ 0: 'sh' }), ['MANIFEST_INVALID', 'config.Entrypoint: want an array']],
  ['a command alone', { process: { Cmd: ['echo', 'inside'] } }, 'inside\n'],
  ['an empty word', program(['']), ['ARGUMENT_INVALID', 'no command']],
  ['an empty word before a command', program([''], {}, { Cmd: ['echo', 'inside'] }), 'inside\n'],
  ['a space', program([' ']), missing(' ')],
  ['a name that is not there', program(['nonesuch']), missing('nonesuch')],
  ['a path that is not there', program(['/nonesuch']), absent('/nonesuch')],
  ['below a file', program(['/file/sh']), absent('/file/sh')],
  ['the root', program(['/']), unfit('"/": is a directory')],
  ['a folder', program(['/bin']), unfit('"/bin": is a directory')],
  ['a dot', program(['.']), unfit('".": is a directory')],
  ['two dots', program(['..']), unfit('"..": is a directory')],
  ['a relative path', program(['bin/echo', 'inside']), 'inside\n'],
  ['a relative path that climbs', program(['../../../bin/echo', 'inside'], {}, { WorkingDir: '/bin' }), 'inside\n'],
  ['relative, through a link', program(['link/echo', 'inside'], { link: { linkpath: 'bin' } }), 'inside\n'],
  [
    'a link that leads out',
    { process: { Entrypoint: ['/link'] }, files: out => ({ link: { linkpath: `${out}/secret` } }) },
    absent('/link'),
  ],
  [
    'a link that climbs out to a program',
    program(['/link', '-c', 'echo outside'], { link: { linkpath: climbing('/usr/bin/bash') } }),
    absent('/link'),
  ],
  [
    'a link in a circle',
    program(['/link'], { link: { linkpath: 'link' } }),
    unfit('"/link": too many levels of symbolic links'),
  ],
  ['no program', program(['/program'], file('no program', 0o644)), unfit('"/program": permission denied')],
  ['an empty file', program(['/program'], file('')), FORMAT],
  ['bytes', program(['/program'], file('\x7fELF and no more')), FORMAT],
  ['for another machine', program(['/program'], file(elf(process.arch === 'arm64' ? 62 : 183))), FORMAT],
  ['a text without a first line', program(['/program'], file('echo inside\n')), FORMAT],
  [
    'a script of what is not there',
    program(['/program'], file('#!/nonesuch\n')),
    ['COMMAND_FAILED', 'exec /program: no such file or directory', 127],
  ],
  [
    'a script of itself',
    program(['/program'], file('#!/program\n')),
    unfit('"/program": too many levels of symbolic links'),
  ],
  ['a script of a folder', program(['/program'], file('#!/bin\n')), unfit('"/program": permission denied')],
  [
    'one that only root may run',
    { ...program(['/program'], { program: { body: '#!/bin/echo\n', mode: 0o700 } }, { User: 'app' }) },
    unfit('"/program": permission denied'),
  ],
  ['a fifo', program(['/program'], { program: { type: 'fifo', mode: 0o755 } }), unfit('"/program": permission denied')],
  [
    'a device',
    program(['/program'], { program: { type: 'character', devmajor: 1, devminor: 5, mode: 0o755 } }),
    unfit('"/program": permission denied'),
  ],
  ['the runtime by a descriptor', program(['/proc/self/fd/5']), absent('/proc/self/fd/5')],
  [
    'a word with NUL',
    program(['/bin/echo', 'in\0side']),
    ['CONFIG_INVALID', 'config: Entrypoint: has a NUL: "in\\u0000side"'],
  ],
  ['a program with NUL', program(['/bin/echo\0/x', 'inside']), ['CONFIG_INVALID', 'config: Entrypoint: has a NUL']],
  [
    'a word longer than any may be',
    program(['/bin/echo', 'x'.repeat(200_000)]),
    unfit('"/bin/echo": argument list too long'),
  ],
  [
    'more words than there may be',
    program(['/bin/true', ...Array(40).fill('x'.repeat(100_000))]),
    unfit('"/bin/true": argument list too long'),
  ],
  ['many words', program(['/bin/sh', '-c', 'echo $#', ...Array(20_000).fill('x')]), '19999\n'],
  ['an option that looks like one of ours', program(['/bin/echo', '--rm', '--privileged']), '--rm --privileged\n'],
  [
    'half a character',
    { config: it => JSON.stringify({ ...it, config: { Entrypoint: ['/bin/echo', 'X'] } }).replace('X', '\\ud800') },
    '\ufffd\n',
  ],
  ['PATH missing', program(['echo', 'inside'], {}, { Env: [] }), 'inside\n'],
  ['PATH empty', program(['echo', 'inside'], {}, { Env: ['PATH='] }), missing('echo')],
  [
    'PATH through a link that leads out',
    { process: { Entrypoint: ['secret'], Env: ['PATH=/link'] }, files: out => ({ link: { linkpath: out } }) },
    missing('secret'),
  ],
  ['PATH climbing', program(['echo', 'inside'], {}, { Env: ['PATH=/../../../bin'] }), 'inside\n'],
  [
    'PATH relative',
    program(['echo', 'inside'], {}, { Env: ['PATH=bin'] }),
    'inside\n',
    ['refuses', 'Go runs nothing that was found below a relative folder; execvp does'],
  ],
  [
    'PATH of a descriptor',
    program(['sh', '-c', 'echo outside'], {}, { Env: ['PATH=/proc/self/fd/5:/proc/self/fd/6/usr/bin'] }),
    missing('sh'),
  ],
  ['PATH with a file', program(['echo', 'inside'], {}, { Env: ['PATH=/file:/bin'] }), 'inside\n'],
  ['PATH of many folders', program(['echo', 'inside'], {}, { Env: [`PATH=${'/x:'.repeat(30_000)}/bin`] }), 'inside\n'],
]
