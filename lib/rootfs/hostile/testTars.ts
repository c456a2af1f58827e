import { gzipSync, zstdCompressSync } from 'node:zlib'
import { END, FIELD, header, member, octal, pax, record, tar } from './testBlocks.ts'
import type { Case } from './testCase.ts'

// Tars that are wrong as tars. GNU tar, Go's archive/tar and libarchive disagree among themselves on many; what
// two of them read in two ways we refuse, for it could mean one thing to a scanner and another here.

const BAD = 'TAR_INVALID'
const a = member({ [FIELD.name]: 'a' }, 'A')
const b = member({ [FIELD.name]: 'b' }, 'B')
const link = (to: string, more = {}) => member({ [FIELD.name]: 'l', [FIELD.type]: '2', [FIELD.link]: to, ...more })
const negative = Buffer.alloc(12, 0xff)
const huge = Buffer.from([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
const gnu = (type: string, text: string) =>
  member({ [FIELD.name]: '././@LongLink', [FIELD.type]: type, [FIELD.magic]: 'ustar  \0' }, text)

export const tarCases: Case[] = [
  ['two members', [tar(a, b)], { a: 'A', b: 'B' }],
  ['no end', [Buffer.concat([a, b])], { a: 'A', b: 'B' }],
  ['nothing at all', [Buffer.alloc(0)], {}],
  ['only an end', [END], {}],
  ['members after the end', [Buffer.concat([tar(a), tar(b)])], { a: 'A' }],
  ['garbage after the end', [Buffer.concat([tar(a), Buffer.alloc(700, 'x')])], { a: 'A' }],
  ['cut in a header', [Buffer.concat([a, b.subarray(0, 300)])], BAD],
  ['cut in a body', [Buffer.concat([a, member({ [FIELD.name]: 'b' }, 'x'.repeat(2000)).subarray(0, 1500)])], BAD],
  ['garbage', [Buffer.alloc(2048, 'garbage')], BAD],
  ['a wrong checksum', [tar(header({ [FIELD.name]: 'a' }, '0000000\0'))], BAD],
  ['a checksum of letters', [tar(header({ [FIELD.name]: 'a' }, 'abcdefg\0'))], BAD],
  ['a size of letters', [tar(header({ [FIELD.name]: 'a', [FIELD.size]: 'abcdefghijk\0' }))], BAD],
  ['a negative size', [tar(header({ [FIELD.name]: 'a', [FIELD.size]: negative }))], BAD],
  ['a size beyond all', [tar(header({ [FIELD.name]: 'a', [FIELD.size]: huge }))], BAD],
  ['a size beyond the end', [tar(header({ [FIELD.name]: 'a', [FIELD.size]: octal(10 ** 9) }))], BAD],
  ['a PAX size beyond the end', [tar(pax(record('size', '99999999999')), a)], BAD],
  ['a PAX size that is none', [tar(pax(record('size', '-1')), a)], BAD],
  ['a PAX size of letters', [tar(pax(record('size', '0x10')), a)], BAD],
  ['a link that states a size hides nothing', [tar(link('a', { [FIELD.size]: octal(512) }), b)], { l: '→ a', b: 'B' }],
  [
    'a folder that states a size hides nothing',
    [tar(header({ [FIELD.name]: 'd/', [FIELD.type]: '5', [FIELD.size]: octal(512) }), b)],
    { d: '/', b: 'B' },
  ],
  ['a member without a name', [tar(header({ [FIELD.name]: '' }))], BAD],
  ['an unknown kind', [tar(header({ [FIELD.name]: 'a', [FIELD.type]: 'Z' }))], BAD],
  ['a volume of GNU', [tar(header({ [FIELD.name]: 'a', [FIELD.type]: 'V' }))], BAD],
  ['a sparse file of GNU', [tar(header({ [FIELD.name]: 'a', [FIELD.type]: 'S', [FIELD.size]: octal(0) }))], BAD],
  [
    'a sparse file of PAX',
    [tar(pax(record('GNU.sparse.major', '1'), record('GNU.sparse.realsize', '9000000000000')), a)],
    BAD,
  ],
  ['an old file with a slash is a folder', [tar(header({ [FIELD.name]: 'd/', [FIELD.type]: '\0' }))], { d: '/' }],
  ['an old folder with contents', [tar(member({ [FIELD.name]: 'd/' }, 'D'))], BAD],
  ['a contiguous file', [tar(member({ [FIELD.name]: 'a', [FIELD.type]: '7' }, 'A'))], { a: 'A' }],
  ['an empty symlink', [tar(link(''))], BAD],
  ['an empty hardlink', [tar(member({ [FIELD.name]: 'l', [FIELD.type]: '1' }))], BAD],
  ['a symlink too long for Linux', [tar(pax(record('linkpath', 'x'.repeat(5000))), link('x'))], 'KERNEL'],
  ['PAX gives the name', [tar(pax(record('path', 'p')), a)], { p: 'A' }],
  ['a PAX name that climbs out', [tar(pax(record('path', '../victim/secret')), a)], 'PATH_ESCAPES_ROOT'],
  ['a PAX name with NUL', [tar(pax(record('path', 'a\0b')), a)], BAD],
  ['a PAX link with NUL', [tar(pax(record('linkpath', 'a\0b')), link('x'))], BAD],
  ['an empty PAX name', [tar(pax(record('path', '')), a)], { a: 'A' }],
  ['the later of two PAX names', [tar(pax(record('path', '../x'), record('path', 'p')), a)], { p: 'A' }],
  [
    'a prefix that climbs out',
    [tar(member({ [FIELD.name]: 'secret', [FIELD.prefix]: '../victim' }, 'X'))],
    'PATH_ESCAPES_ROOT',
  ],
  ['a prefix', [tar(member({ [FIELD.name]: 'x', [FIELD.prefix]: 'd' }, 'X'))], { d: '/', 'd/x': 'X' }],
  ['GNU’s long name', [tar(gnu('L', `${'n'.repeat(120)}\0`), a)], { ['n'.repeat(120)]: 'A' }],
  ['GNU’s long name that climbs out', [tar(gnu('L', `../${'n'.repeat(120)}\0`), a)], 'PATH_ESCAPES_ROOT'],
  ['GNU’s long link', [tar(gnu('K', `${'n'.repeat(120)}\0`), link('x'))], { l: `→ ${'n'.repeat(120)}` }],
  ['a long name of megabytes', [tar(gnu('L', 'n'.repeat(5 << 20)), a)], BAD],
  ['PAX of megabytes', [tar(pax(record('comment', 'n'.repeat(5 << 20))), a)], BAD],
  ['a PAX record without =', [tar(pax('5 ab\n'), a)], BAD],
  ['a PAX record too long', [tar(pax('99 path=x\n'), a)], BAD],
  ['a PAX record of length 0', [tar(pax('0 path=x\n'), a)], BAD],
  ['a PAX record without newline', [tar(pax('9 path=xx'), a)], BAD],
  ['a PAX length that wraps round', [tar(pax('18446744073709551617 path=x\n'), a)], BAD],
  [
    'PAX keys of JavaScript',
    [tar(pax(record('__proto__', 'x'), record('constructor', 'x'), record('toString', 'x')), a)],
    { a: 'A' },
  ],
  [
    'PAX for all members is left aside',
    [tar(member({ [FIELD.name]: 'g', [FIELD.type]: 'g' }, record('path', '../x')), a)],
    { a: 'A' },
  ],
  ['PAX with nothing after it', [tar(pax(record('path', 'p')))], {}],
  ['an owner beyond 32 bits', [tar(pax(record('uid', '4294967296')), a)], BAD],
  ['an owner of -1', [tar(pax(record('gid', '4294967295')), a)], BAD],
  ['a negative owner', [tar(pax(record('uid', '-5')), a)], BAD],
  ['a time that is none', [tar(pax(record('mtime', 'soon')), a)], BAD],
  ['a time beyond all', [tar(pax(record('mtime', '9'.repeat(30))), a)], BAD],
  [
    'notes of an overlay',
    [
      tar(
        pax(record('SCHILY.xattr.trusted.overlay.redirect', '/victim')),
        member({ [FIELD.name]: 'd/', [FIELD.type]: '5' }),
      ),
    ],
    { d: '/' },
  ],
  ['packed once more with gzip', [gzipSync(tar(a))], BAD],
  ['packed once more with zstd', [zstdCompressSync(tar(a))], BAD],
  [
    'two thousand members of one name',
    [tar(...Array.from({ length: 2000 }, () => header({ [FIELD.name]: 'same' })))],
    { same: '' },
  ],
]
