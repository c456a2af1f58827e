import type { Member } from '../../../rootfs/testLayers.ts'
import { type Case, climbing, type Expected, shell } from './testCase.ts'

const SHOW = 'id -u; id -g; id -G 2>/dev/null'
const user = (User: string) => shell(SHOW, { User })
const passwd = (line: string | ((out: string) => Member), name = 'app') => ({
  ...user(name),
  files: (out: string) => ({ 'etc/passwd': typeof line === 'string' ? { body: line } : line(out) }),
})
const unknown = (name: string): Expected => ['CONFIG_INVALID', `want a user of the image, got ${JSON.stringify(name)}`]
const parts = (text: string): Expected => ['CONFIG_INVALID', `want user[:group], got ${JSON.stringify(text)}`]
const THIRD = 'it forgets the third part; config.md has no such form, and containerd refuses it'
const HANGS = 'it waits for ever for whoever writes into the fifo, and so does all that asks for this container'
const BITS = 'it does not look at numbers in a passwd: what is left of them in 32 bits is root'
const NUMBER = 'Go’s Atoi answers 0 for what is no number, and so it is run as root'
const large = (number: string): Expected => ['CONFIG_INVALID', `id too large (want at most 2147483647, got ${number})`]

/** Who runs the program: image-spec config.md § User. */
export const userCases: Case[] = [
  ['a name', user('app'), '1000\n1000\n1000 2000\n'],
  ['a name and a group', user('app:more'), '1000\n2000\n2000\n'],
  ['a name and an empty group', user('app:'), '1000\n1000\n1000 2000\n'],
  ['a group alone', user(':more'), '0\n2000\n2000\n'],
  ['a number that the image does not know', user('4242'), '4242\n0\n0\n'],
  ['the largest number', user('2147483647:2147483647'), '2147483647\n2147483647\n2147483647\n'],
  ['a name that is not there', user('nobody'), unknown('nobody')],
  ['a group that is not there', user('app:nogroup'), ['CONFIG_INVALID', 'want a group of the image']],
  ['three parts', user('app:more:root'), parts('app:more:root'), ['runs', THIRD]],
  ['three parts that are nothing', user('x:y:z'), parts('x:y:z')],
  ['colons alone', user('::'), parts('::'), ['runs', THIRD]],
  ['a path', user('../app'), unknown('../app')],
  ['a path to a file', user('/etc/passwd'), unknown('/etc/passwd')],
  ['one below zero', user('-1'), unknown('-1')],
  ['a group below zero', user('0:-1'), ['CONFIG_INVALID', 'want a group of the image']],
  ['one too large', user('2147483648'), large('2147483648')],
  ['what is -1 in 32 bits', user('4294967295'), large('4294967295')],
  ['what is 0 in 32 bits', user('4294967296'), large('4294967296')],
  ['what is 0 in 64 bits', user('18446744073709551616'), large('18446744073709551616')],
  ['a group that is 0 in 32 bits', user('app:4294967296'), large('4294967296')],
  ['hexadecimal', user('0x0'), unknown('0x0')],
  ['with a sign', user('+0'), unknown('+0'), ['runs', 'Go’s Atoi takes a sign']],
  ['with zeros in front', user('000'), '0\n0\n0\n'],
  ['with a space', user(' 0'), unknown(' 0')],
  ['with a line end', user('0\n'), unknown('0\n')],
  ['with NUL', user('root\0'), unknown('root\0')],
  ['in Arabic digits', user('٠'), unknown('٠')],
  ['__proto__', user('__proto__'), unknown('__proto__')],
  ['very long', user('x'.repeat(1 << 20)), ['CONFIG_INVALID', 'want a user of the image']],
  ['in a passwd that leads out', passwd(out => ({ linkpath: `${out}/secret` })), unknown('app')],
  ['in a passwd that climbs out', passwd(out => ({ linkpath: climbing(`${out}/secret`) })), unknown('app')],
  [
    'in a passwd that is a link inside',
    {
      ...passwd('', 'app'),
      files: () => ({ 'etc/passwd': { linkpath: '../file' }, file: { body: 'app:x:7:8::/:\n' } }),
    },
    '7\n8\n8 2000\n',
  ],
  ['in a passwd that is a link to itself', passwd(() => ({ linkpath: 'passwd' })), unknown('app')],
  ['in a passwd that is a fifo', passwd(() => ({ type: 'fifo' })), unknown('app'), ['asks not', HANGS]],
  ['in a passwd that is a device', passwd(() => ({ type: 'character', devmajor: 1, devminor: 5 })), unknown('app')],
  ['in a passwd that is a folder', passwd(() => ({ type: 'directory' })), unknown('app')],
  [
    'in a passwd that is huge',
    passwd(`app:x:1000:1000::/:\n${'#\n'.repeat(1 << 20)}`),
    ['TOO_LARGE', 'etc/passwd: too large'],
    ['runs', 'it reads whatever size it has'],
  ],
  ['in a passwd without an id', passwd('app:x::\n'), unknown('app'), ['runs', NUMBER]],
  ['in a passwd with a word for an id', passwd('app:x:root:root\n'), unknown('app'), ['runs', NUMBER]],
  ['in a passwd with an id below zero', passwd('app:x:-1:-1\n'), unknown('app')],
  ['in a passwd with an id that is 0 in 32 bits', passwd('app:x:4294967296:0\n'), large('4294967296'), ['runs', BITS]],
  ['in a passwd with a group too large', passwd('app:x:1000:4294967296\n'), large('4294967296'), ['runs', BITS]],
  ['in a passwd of one field', passwd('app\n'), unknown('app'), ['runs', NUMBER]],
  ['in a passwd with NUL', passwd('app\0:x:1000:1000\n'), unknown('app')],
  ['twice in a passwd', passwd('app:x:1:1::/:\napp:x:0:0::/:\n'), '1\n1\n1 2000\n'],
  ['in a passwd of bytes that are no text', passwd('\xff\xfe:x:5:5::/:\napp:x:7:7::/:\n'), '7\n7\n7 2000\n'],
  [
    'with a home with NUL',
    { ...passwd('app:x:7:7::/ho\0me:\n'), ...shell('id -u; echo $HOME', { User: 'app' }) },
    ['CONFIG_INVALID', 'config: Env: has a NUL: "HOME=/ho\\u0000me"'],
  ],
  [
    'with a home that climbs out',
    { ...passwd('app:x:7:7::../../etc:\n'), ...shell('id -u; echo $HOME', { User: 'app' }) },
    '7\n../../etc\n',
  ],
  [
    'in a group file that is a fifo',
    { ...user('app:more'), files: () => ({ 'etc/group': { type: 'fifo' } }) },
    ['CONFIG_INVALID', 'want a group'],
    ['asks not', HANGS],
  ],
  [
    'in a group file that leads out',
    { ...user('app:more'), files: out => ({ 'etc/group': { linkpath: `${out}/secret` } }) },
    ['CONFIG_INVALID', 'want a group'],
  ],
  [
    'of too many groups',
    {
      ...user('app'),
      files: () => ({ 'etc/group': { body: Array.from({ length: 70_000 }, (_, i) => `g${i}:x:${i}:app\n`).join('') } }),
    },
    ['TOO_LARGE', 'etc/group: too large'],
    ['asks not', 'whether it starts depends on how many groups this kernel takes'],
  ],
]
