import { type Case, climbing, type Expected, type HostileImage, shell } from './testCase.ts'

// Each volume's place, in the order they were mounted.
const SHOW =
  'while read -r _ _ _ from at _; do case "$from" in */volumes/*) echo "$at" ;; esac; done < /proc/self/mountinfo'
const volumes = (Volumes: unknown, line = SHOW): HostileImage => shell(line, { Volumes })

const root = (path: string): Expected => [
  'CONFIG_INVALID',
  `config: Volumes: ${JSON.stringify(path)}: the root cannot be a volume`,
]
const taken = (path: string): Expected => ['CONFIG_INVALID', `volume "${path}`]

/** image-spec config.md § Volumes. What Docker makes of the root is a container without a /proc, which its runc then misses. */
export const volumeCases: Case[] = [
  ['null', volumes(null, 'echo inside'), 'inside\n'],
  ['a list', volumes(['/v']), ['MANIFEST_INVALID', 'config.Volumes: want an object']],
  ['one', volumes({ '/v': {} }), '/v\n'],
  ['the root', volumes({ '/': {} }), root('/')],
  ['above the root', volumes({ '/../..': {} }), root('/../..')],
  ['a dot', volumes({ '/.': {} }), root('/.')],
  ['nothing', volumes({ '': {} }), root('')],
  ['relative', volumes({ v: {} }), '/v\n'],
  ['relative dot', volumes({ '.': {} }), root('.')],
  ['climbing', volumes({ '/../../etc': {} }, `${SHOW}; ls /etc/passwd`), '/etc\n/etc/passwd\n'],
  ['relative and climbing', volumes({ '../../v': {} }), '/v\n'],
  ['dots and slashes', volumes({ '//v/./../w/': {} }), '/w\n'],
  ['NUL', volumes({ '/v\0w': {} }), ['CONFIG_INVALID', 'config: Volumes: "/v\\u0000w": has a NUL']],
  ['a line end', volumes({ '/v\nw': {} }), '/v\\012w\n'],
  ['a colon', volumes({ '/v:/w': {} }), '/v:/w\n'],
  ['a colon and ro', volumes({ '/v:ro': {} }), '/v:ro\n'],
  ['a path of the host', volumes({ '/etc:/v': {} }), '/etc:/v\n'],
  ['a comma', volumes({ '/v,dst=/w': {} }), '/v,dst=/w\n'],
  ['a value', volumes({ '/v': { source: '/etc' } }, `${SHOW}; ls /v`), '/v\n'],
  ['a null value', volumes({ '/v': null }), '/v\n'],
  ['a text value', volumes({ '/v': '/etc' }), '/v\n', ['refuses', 'Go wants an object there; nobody reads it']],
  ['twice', volumes({ '/v': {}, '/v/': {}, '/./v': {} }), '/v\n'],
  ['inside each other', volumes({ '/v/w': {}, '/v': {} }), '/v\n/v/w\n'],
  [
    'at a link that leads out',
    { ...volumes({ '/link': {} }, 'echo written > /link/made; ls /link'), files: out => ({ link: { linkpath: out } }) },
    'made\n',
  ],
  [
    'at a link that climbs out',
    {
      ...volumes({ '/link': {} }, 'echo written > /link/made; ls /link'),
      files: out => ({ link: { linkpath: climbing(out) } }),
    },
    'made\n',
  ],
  [
    'behind a link that leads out',
    {
      ...volumes({ '/link/deep': {} }, 'echo written > /link/deep/made; ls /link/deep'),
      files: out => ({ link: { linkpath: out } }),
    },
    'made\n',
  ],
  [
    'at a link in a circle',
    { ...volumes({ '/link': {} }), files: () => ({ link: { linkpath: 'link' } }) },
    taken('/link'),
  ],
  ['at a file', volumes({ '/file': {} }), taken('/file')],
  ['below a file', volumes({ '/file/v': {} }), taken('/file/v')],
  ['at a fifo', { ...volumes({ '/v': {} }), files: () => ({ v: { type: 'fifo' } }) }, taken('/v')],
  ['at /proc', volumes({ '/proc': {} }), ['CONFIG_INVALID', 'volume "/proc": it is inside /proc']],
  ['below /proc', volumes({ '/proc/sys': {} }), ['CONFIG_INVALID', 'it is inside /proc']],
  ['below /proc, made', volumes({ '/proc/made': {} }), ['CONFIG_INVALID', 'it is inside /proc']],
  ['at /sys', volumes({ '/sys': {} }), '/sys\n'],
  [
    'at /dev',
    volumes({ '/dev': {} }),
    '/dev\n',
    ['refuses', 'its runc finds no /dev/null then; ours makes the devices there, in a folder of the container’s'],
  ],
  ['below /dev', volumes({ '/dev/shm': {} }), '/dev/shm\n'],
  ['at /dev/null', volumes({ '/dev/null': {} }), ['KERNEL', 'mknodat: EEXIST']],
  [
    'at /etc',
    {
      ...volumes({ '/etc': {} }, `${SHOW}; ls /etc/hosts; id -u`),
      process: { ...volumes({ '/etc': {} }, `${SHOW}; ls /etc/hosts; id -u`).process, User: 'app' },
    },
    '/etc\n/etc/hosts\n1000\n',
  ],
  ['at /etc/hosts', volumes({ '/etc/hosts': {} }), ['KERNEL', 'move_mount: EINVAL']],
  ['at /bin', volumes({ '/bin': {} }), '/bin\n'],
  [
    'at a folder with another owner',
    {
      ...volumes({ '/v': {} }, `${SHOW}; stat -c "%a %u %g" /v /v/x`),
      files: () => ({ v: { type: 'directory', uid: 7, gid: 8, mode: 0o2770 }, 'v/x': { uid: 9, gid: 9, mode: 0o600 } }),
    },
    '/v\n2770 7 8\n600 9 9\n',
  ],
  [
    'behind a link to /proc',
    { ...volumes({ '/link/sys': {} }), files: () => ({ link: { linkpath: '/proc' } }) },
    ['CONFIG_INVALID', 'it is inside /proc'],
  ],
  [
    'at a link to the root',
    { ...volumes({ '/link': {} }), files: () => ({ link: { linkpath: '..' } }) },
    ['CONFIG_INVALID', 'it leads to the root'],
  ],
  ['too long', volumes({ [`/v${'v'.repeat(300)}`]: {} }), taken('/vvv')],
  [
    'many',
    volumes(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`/v${i}`, {}])), 'ls -d /v* | grep -c v'),
    '200\n',
  ],
]
