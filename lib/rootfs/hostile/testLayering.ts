import type { TarType } from '../../bytes/tar.ts'
import type { Member } from '../testLayers.ts'
import type { Case } from './testCase.ts'

// Layers over each other: whiteouts of every kind and place, and everything over everything.
// image-spec layer.md § Applying; where it is silent, umoci's and containerd's common answer.

const below: [string, Member][] = [
  ['a', { body: 'A' }],
  ['d/', {}],
  ['d/x', { body: 'X' }],
  ['d/e/', {}],
  ['d/e/y', { body: 'Y' }],
]
const A = { a: 'A' }
const D = { d: '/', 'd/x': 'X', 'd/e': '/', 'd/e/y': 'Y' }

export const whiteoutCases: Case[] = [
  ['a file', [below, [['.wh.a', {}]]], D],
  ['a folder', [below, [['.wh.d', {}]]], A],
  ['what is not there', [below, [['.wh.none', {}]]], { ...A, ...D }],
  ['below what is not there', [below, [['none/.wh.x', {}]]], { ...A, ...D }],
  ['below a file', [below, [['a/.wh.x', {}]]], { ...A, ...D }],
  ['in a folder', [below, [['d/.wh.x', {}]]], { ...A, d: '/', 'd/e': '/', 'd/e/y': 'Y' }],
  [
    'and something new there',
    [
      below,
      [
        ['d/.wh.x', {}],
        ['d/z', { body: 'Z' }],
      ],
    ],
    { ...A, d: '/', 'd/e': '/', 'd/e/y': 'Y', 'd/z': 'Z' },
  ],
  [
    'before its own',
    [
      below,
      [
        ['.wh.a', {}],
        ['a', { body: 'new' }],
      ],
    ],
    { a: 'new', ...D },
  ],
  [
    'after its own',
    [
      below,
      [
        ['a', { body: 'new' }],
        ['.wh.a', {}],
      ],
    ],
    { a: 'new', ...D },
  ],
  [
    'before its own folder',
    [
      below,
      [
        ['.wh.d', {}],
        ['d/', {}],
        ['d/n', { body: 'N' }],
      ],
    ],
    { ...A, d: '/', 'd/n': 'N' },
  ],
  [
    'after its own folder',
    [
      below,
      [
        ['d/', {}],
        ['d/n', { body: 'N' }],
        ['.wh.d', {}],
      ],
    ],
    { ...A, d: '/', 'd/n': 'N' },
  ],
  [
    'before what it needs a folder for',
    [
      below,
      [
        ['.wh.d', {}],
        ['d/n', { body: 'N' }],
      ],
    ],
    { ...A, d: '/', 'd/n': 'N' },
  ],
  [
    'after what it needs a folder for',
    [
      below,
      [
        ['d/n', { body: 'N' }],
        ['.wh.d', {}],
      ],
    ],
    { ...A, d: '/', 'd/n': 'N' },
  ],
  [
    'after what it needs two folders for',
    [
      below,
      [
        ['d/e/n', { body: 'N' }],
        ['.wh.d', {}],
      ],
    ],
    { ...A, d: '/', 'd/e': '/', 'd/e/n': 'N' },
  ],
  [
    'opaque first',
    [
      below,
      [
        ['d/.wh..wh..opq', {}],
        ['d/n', { body: 'N' }],
      ],
    ],
    { ...A, d: '/', 'd/n': 'N' },
  ],
  [
    'opaque last',
    [
      below,
      [
        ['d/n', { body: 'N' }],
        ['d/.wh..wh..opq', {}],
      ],
    ],
    { ...A, d: '/', 'd/n': 'N' },
  ],
  [
    'opaque in the middle',
    [
      below,
      [
        ['d/n', { body: 'N' }],
        ['d/.wh..wh..opq', {}],
        ['d/m', { body: 'M' }],
      ],
    ],
    { ...A, d: '/', 'd/n': 'N', 'd/m': 'M' },
  ],
  [
    'opaque, and a folder of its own below',
    [
      below,
      [
        ['d/e/', {}],
        ['d/.wh..wh..opq', {}],
      ],
    ],
    { ...A, d: '/', 'd/e': '/' },
  ],
  [
    'opaque at the root',
    [
      below,
      [
        ['n', { body: 'N' }],
        ['.wh..wh..opq', {}],
      ],
    ],
    { n: 'N' },
  ],
  ['opaque at the root, alone', [below, [['.wh..wh..opq', {}]]], {}],
  ['opaque of what is not there', [below, [['none/.wh..wh..opq', {}]]], { ...A, ...D }],
  ['opaque of a file', [below, [['a/.wh..wh..opq', {}]]], { ...A, ...D }],
  ['opaque in the lowest layer', [[...below, ['d/.wh..wh..opq', {}]]], { ...A, ...D }],
  ['that is a folder by its kind', [below, [['.wh.a/', {}]]], D],
  ['that is a symlink by its kind', [below, [['.wh.a', { linkpath: '../victim' }]]], D],
  ['that is a device by its kind', [below, [['.wh.a', { type: 'character' }]]], D],
  ['that has a body', [below, [['.wh.a', { body: 'what for' }]]], D],
  ['of a whiteout', [below, [['.wh..wh.a', {}]]], { ...A, ...D }],
  ['of a name that ends in dots', [[['..x', {}]], [['.wh...x', {}]]], {}],
  [
    'of bytes that are no text',
    [
      [
        ['\xff', { body: '1' }],
        ['\xfe', { body: '2' }],
      ],
      [['.wh.\xff', {}]],
    ],
    { '\xfe': '2' },
  ],
  ['of nothing', [below, [['.wh.', {}]]], 'TAR_INVALID'],
  ['of nothing in a folder', [below, [['d/.wh.', {}]]], 'TAR_INVALID'],
  ['of its own folder', [below, [['d/.wh..', {}]]], 'TAR_INVALID'],
  ['of the root', [below, [['.wh..', {}]]], 'TAR_INVALID'],
  ['of the folder above', [below, [['d/.wh...', {}]]], 'TAR_INVALID'],
  ['of what is above the root', [below, [['.wh...', {}]]], 'TAR_INVALID'],
  ['that climbs out', [below, [['../.wh.victim', {}]]], 'PATH_ESCAPES_ROOT'],
  ['opaque that climbs out', [below, [['../.wh..wh..opq', {}]]], 'PATH_ESCAPES_ROOT'],
  ['that climbs out of a folder', [below, [['d/../../.wh.victim', {}]]], 'PATH_ESCAPES_ROOT'],
  [
    'twice',
    [
      below,
      [
        ['.wh.a', {}],
        ['.wh.a', {}],
      ],
    ],
    D,
  ],
  ['in a layer, back in the next', [below, [['.wh.a', {}]], [['a', { body: 'again' }]]], { a: 'again', ...D }],
  [
    'of a hardlink leaves the other',
    [
      [
        ['a', { body: 'A' }],
        ['b', { type: 'hardlink', linkpath: 'a' }],
      ],
      [['.wh.a', {}]],
    ],
    { b: 'A' },
  ],
]

const KINDS: [type: TarType, member: Member, seen: string][] = [
  ['file', { body: 'F' }, 'F'],
  ['directory', {}, '/'],
  ['symlink', { linkpath: 't' }, '→ t'],
  ['hardlink', { linkpath: 't' }, 'T'],
  ['fifo', {}, '|'],
  ['character', { devmajor: 1, devminor: 3 }, 'c 1:3'],
  ['block', { devmajor: 7, devminor: 0 }, 'b 7:0'],
]

/** Each kind over each, in another layer and in the same one: the later is there, alone. */
export const overCases: Case[] = KINDS.flatMap(([lower, was]) =>
  KINDS.flatMap(([upper, member, seen]): Case[] => {
    const t: [string, Member] = ['t', { body: 'T' }]
    const first: [string, Member] = ['n', { ...was, type: lower }]
    const second: [string, Member] = ['n', { ...member, type: upper }]
    return [
      [`${upper} over ${lower}`, [[t, first], [second]], { n: seen, t: 'T' }],
      [`${upper} over ${lower} in one layer`, [[t, first, second]], { n: seen, t: 'T' }],
    ]
  }),
)

/** A folder with something in it, and what comes over it. */
export const overFolderCases: Case[] = KINDS.map(
  ([upper, member, seen]): Case => [
    `${upper} over a folder that is not empty`,
    [
      [
        ['t', { body: 'T' }],
        ['n/x', { body: 'X' }],
      ],
      [['n', { ...member, type: upper }]],
    ],
    { n: seen, ...(upper === 'directory' && { 'n/x': 'X' }), t: 'T' },
  ],
)
