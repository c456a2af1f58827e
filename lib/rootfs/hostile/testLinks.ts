import type { Member } from '../testLayers.ts'
import type { Case, Expected } from './testCase.ts'

// A link first, then something through it: the ways out that CVE after CVE found open (tar, umoci, docker, node-tar).
// Inside the root a link is followed as a container would see it; umoci, containerd and the kernel's overlay agree.

/** Where a link points, and where that is with the root as `/`; or the code, when there is no such place. */
const TARGETS: [linkpath: string, inside: string | undefined, code?: string][] = [
  ['/VICTIM', 'VICTIM'],
  ['../../victim', 'victim'],
  ['../../../../../../../../VICTIM', 'VICTIM'],
  ['/', ''],
  ['..', ''],
  ['../..', ''],
  ['.', 'a'],
  ['./.', 'a'],
  ['/proc/self/root', 'proc/self/root'],
  ['/proc/self/cwd/..', 'proc/self'],
  ['/dev/../..', ''],
  ['l', undefined, 'TAR_INVALID'],
  ['/a/l/x', undefined, 'TAR_INVALID'],
]

interface Through {
  readonly what: string
  readonly entry: (inside: string) => [string, Member]
  /** What is there then, below the place. */
  readonly seen: Record<string, string>
  /** What is there already that makes it fail. */
  readonly needsFolder?: boolean
}

const THROUGH: Through[] = [
  { what: 'a file', entry: () => ['a/l/new', { body: 'N' }], seen: { new: 'N' } },
  { what: 'a folder', entry: () => ['a/l/new/', {}], seen: { new: '/' } },
  { what: 'a symlink', entry: () => ['a/l/new', { linkpath: 'x' }], seen: { new: '→ x' } },
  { what: 'a hardlink', entry: () => ['a/l/new', { type: 'hardlink', linkpath: 't' }], seen: { new: 'T' } },
  { what: 'a fifo', entry: () => ['a/l/new', { type: 'fifo' }], seen: { new: '|' } },
  {
    what: 'a device',
    entry: () => ['a/l/new', { type: 'character', devmajor: 1, devminor: 3 }],
    seen: { new: 'c 1:3' },
  },
]

export const linkCases: Case[] = TARGETS.flatMap(([linkpath, inside, code]) =>
  THROUGH.map(({ what, entry, seen }): Case => {
    const before: [string, Member][] = [
      ['t', { body: 'T' }],
      ['a/', {}],
      ['a/l', { linkpath }],
    ]
    const expected = code === undefined ? tree(linkpath, inside!, seen) : code
    return [`${what} through a link to ${linkpath}`, [before, [entry(inside ?? '')]], expected]
  }),
)

function tree(linkpath: string, inside: string, seen: Record<string, string>): Expected {
  const parts = inside === '' ? [] : inside.split('/')
  const folders = parts.map((_, at) => [parts.slice(0, at + 1).join('/'), '/'] as const)
  const below = Object.entries(seen).map(([name, what]) => [inside === '' ? name : `${inside}/${name}`, what] as const)
  return Object.fromEntries([['t', 'T'], ['a', '/'], ['a/l', `→ ${linkpath}`], ...folders, ...below])
}

const kept: [string, Member][] = [
  ['d/', {}],
  ['d/secret', { body: 'S' }],
]
const with_ = (...names: string[]) => Object.fromEntries(names.map(name => [name, name === 'd' ? '/' : 'S']))

/** Ways out that need more than two steps, and what a link itself may become. */
export const moreLinkCases: Case[] = [
  ['a whiteout through a link', [[...kept, ['l', { linkpath: 'd' }]], [['l/.wh.secret', {}]]], { d: '/', l: '→ d' }],
  ['opaque through a link', [[...kept, ['l', { linkpath: 'd' }]], [['l/.wh..wh..opq', {}]]], { d: '/', l: '→ d' }],
  ['a whiteout of the link', [[...kept, ['l', { linkpath: 'd' }]], [['.wh.l', {}]]], with_('d', 'd/secret')],
  [
    'a whiteout through a link to the neighbours',
    [[['l', { linkpath: '../victim' }]], [['l/.wh.secret', {}]]],
    { l: '→ ../victim' },
  ],
  [
    'opaque through a link to the neighbours',
    [[['l', { linkpath: '/../victim' }]], [['l/.wh..wh..opq', {}]]],
    { l: '→ /../victim' },
  ],
  ['a hardlink out', [[['h', { type: 'hardlink', linkpath: '../victim/secret' }]]], 'PATH_ESCAPES_ROOT'],
  ['a hardlink out, by more dots', [[['h', { type: 'hardlink', linkpath: 'a/../../secret' }]]], 'PATH_ESCAPES_ROOT'],
  ['a hardlink to a name of the host', [[['h', { type: 'hardlink', linkpath: '/etc/hostname' }]]], 'TAR_INVALID'],
  [
    'a hardlink through a link out',
    [
      [
        ['l', { linkpath: '../victim' }],
        ['h', { type: 'hardlink', linkpath: 'l/secret' }],
      ],
    ],
    'TAR_INVALID',
  ],
  [
    'a hardlink through two links out',
    [
      [
        ['k', { linkpath: '..' }],
        ['l', { linkpath: 'k/victim' }],
        ['h', { type: 'hardlink', linkpath: 'l/secret' }],
      ],
    ],
    'TAR_INVALID',
  ],
  [
    'a hardlink to a symlink is one',
    [
      [
        ['l', { linkpath: '../victim/secret' }],
        ['h', { type: 'hardlink', linkpath: 'l' }],
      ],
    ],
    { l: '→ ../victim/secret', h: '→ ../victim/secret' },
  ],
  [
    'and written over replaces only itself',
    [
      [
        ['l', { linkpath: '../victim/secret' }],
        ['h', { type: 'hardlink', linkpath: 'l' }],
        ['h', { body: 'new' }],
      ],
    ],
    { l: '→ ../victim/secret', h: 'new' },
  ],
  [
    'a hardlink forward',
    [
      [
        ['h', { type: 'hardlink', linkpath: 'later' }],
        ['later', {}],
      ],
    ],
    'TAR_INVALID',
  ],
  ['a hardlink to itself', [[['h', { type: 'hardlink', linkpath: 'h' }]]], 'TAR_INVALID'],
  [
    'a hardlink to itself, which is there',
    [[['h', { body: 'H' }]], [['h', { type: 'hardlink', linkpath: 'h' }]]],
    'TAR_INVALID',
  ],
  [
    'a hardlink to a folder',
    [
      [
        ['d/', {}],
        ['h', { type: 'hardlink', linkpath: 'd' }],
      ],
    ],
    'TAR_INVALID',
  ],
  ['a hardlink to the root', [[['h', { type: 'hardlink', linkpath: '.' }]]], 'TAR_INVALID'],
  [
    'a hardlink to what a later layer replaces',
    [
      [
        ['a', { body: 'old' }],
        ['h', { type: 'hardlink', linkpath: 'a' }],
      ],
      [['a', { body: 'new' }]],
    ],
    { a: 'new', h: 'old' },
  ],
  ['a file over a link', [[['l', { linkpath: '../victim/secret' }]], [['l', { body: 'new' }]]], { l: 'new' }],
  [
    'a file over a link, in one layer',
    [
      [
        ['l', { linkpath: '../victim/secret' }],
        ['l', { body: 'new' }],
      ],
    ],
    { l: 'new' },
  ],
  [
    'a folder over a link to a folder',
    [
      [...kept, ['l', { linkpath: 'd' }]],
      [
        ['l/', {}],
        ['l/x', { body: 'X' }],
      ],
    ],
    { ...with_('d', 'd/secret'), l: '/', 'l/x': 'X' },
  ],
  [
    'a folder over a link out',
    [
      [['l', { linkpath: '../victim' }]],
      [
        ['l/', {}],
        ['l/x', { body: 'X' }],
      ],
    ],
    { l: '/', 'l/x': 'X' },
  ],
  [
    'a link over a folder',
    [[...kept], [['d', { linkpath: '../victim' }]], [['d/x', { body: 'X' }]]],
    { d: '→ ../victim', victim: '/', 'victim/x': 'X' },
  ],
  ['the root as a link', [[['.', { type: 'symlink', linkpath: '../victim' }]]], 'TAR_INVALID'],
  ['the root as a link, /', [[['/', { type: 'symlink', linkpath: '../victim' }]]], 'TAR_INVALID'],
  ['the root as a file', [[['.', { type: 'file', body: 'x' }]]], 'TAR_INVALID'],
  ['the root as a fifo', [[['./', { type: 'fifo' }]]], 'TAR_INVALID'],
  ['the root as a device', [[['/', { type: 'character', devmajor: 1, devminor: 3 }]]], 'TAR_INVALID'],
  [
    'the root as a hardlink',
    [
      [
        ['t', {}],
        ['.', { type: 'hardlink', linkpath: 't' }],
      ],
    ],
    'TAR_INVALID',
  ],
  [
    'the root by a way round',
    [
      [
        ['a/', {}],
        ['a/..', { type: 'symlink', linkpath: '../victim' }],
      ],
    ],
    'TAR_INVALID',
  ],
  [
    'a link to a link to a link out',
    [
      [
        ['a', { linkpath: 'b' }],
        ['b', { linkpath: 'c' }],
        ['c', { linkpath: '../victim' }],
        ['a/x', { body: 'X' }],
      ],
    ],
    { a: '→ b', b: '→ c', c: '→ ../victim', victim: '/', 'victim/x': 'X' },
  ],
  [
    'links in a circle',
    [
      [
        ['a', { linkpath: 'b' }],
        ['b', { linkpath: 'a' }],
        ['a/x', {}],
      ],
    ],
    'TAR_INVALID',
  ],
  [
    'forty-one links',
    [[...Array.from({ length: 41 }, (_, i): [string, Member] => [`l${i}`, { linkpath: `l${i + 1}` }]), ['l0/x', {}]]],
    'TAR_INVALID',
  ],
  [
    'a link below what is no folder',
    [
      [
        ['f', {}],
        ['f/l', { linkpath: 'x' }],
      ],
    ],
    'TAR_INVALID',
  ],
  [
    'below a fifo',
    [
      [
        ['p', { type: 'fifo' }],
        ['p/x', {}],
      ],
    ],
    'TAR_INVALID',
  ],
  ['below a file of a lower layer', [[['f', {}]], [['f/x', {}]]], 'TAR_INVALID'],
  [
    'below a link to a file',
    [
      [
        ['f', {}],
        ['l', { linkpath: 'f' }],
        ['l/x', {}],
      ],
    ],
    'TAR_INVALID',
  ],
  [
    'what a link’s name took, its folder’s name takes back',
    [
      [
        ['d/', {}],
        ['l', { linkpath: 'd' }],
        ['l/x/', {}],
        ['l/x/y', {}],
      ],
      [['d/.wh.x', {}]],
    ],
    { d: '/', l: '→ d' },
  ],
  [
    'what a link’s name wrote, its folder’s name keeps',
    [
      [
        ['d/', {}],
        ['d/x', { body: 'old' }],
        ['l', { linkpath: 'd' }],
      ],
      [
        ['l/x', { body: 'new' }],
        ['d/.wh.x', {}],
      ],
    ],
    { d: '/', l: '→ d', 'd/x': 'new' },
  ],
]
