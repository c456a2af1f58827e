import type { Member } from '../../../rootfs/testLayers.ts'
import { type Case, climbing, type Differs, type Expected, shell } from './testCase.ts'

// Docker lays a layer with folders and files of its own over the image's, and so mounts on none of the image's.
const OVER: Differs = ['runs', 'it takes away what is in the image there']
const loop: Expected = ['KERNEL', 'openat2: ELOOP']
const noFolder: Expected = ['KERNEL', 'move_mount: EINVAL']
const below: Expected = ['KERNEL', 'openat2: ENOTDIR']
const INSIDE = 'inside\n'

type Kind = [name: string, make: (out: string) => Member, folder: Expected, etc: Expected, file: Expected]
/** What may be in the place of a folder that something is mounted on; of /etc, in which there are such files; and of such a file. */
const kinds: Kind[] = [
  ['a link that leads out', out => ({ linkpath: out }), loop, INSIDE, INSIDE],
  ['a link that climbs out', out => ({ linkpath: climbing(out) }), loop, INSIDE, INSIDE],
  ['a link to a secret', out => ({ linkpath: `${out}/secret` }), loop, INSIDE, INSIDE],
  ['a link to the root', () => ({ linkpath: '/' }), loop, INSIDE, noFolder],
  ['a link in a circle', () => ({ linkpath: '../circle' }), loop, ['KERNEL', 'ELOOP'], ['KERNEL', 'ELOOP']],
  ['a file', () => ({ type: 'file', body: 'x' }), noFolder, below, INSIDE],
  ['a fifo', () => ({ type: 'fifo' }), noFolder, below, INSIDE],
  ['a device', () => ({ type: 'character', devmajor: 1, devminor: 5 }), noFolder, below, INSIDE],
  ['a folder', () => ({ type: 'directory', mode: 0 }), INSIDE, INSIDE, noFolder],
]

const places = (place: string, which: 2 | 3 | 4): Case[] =>
  kinds.map(([name, make, ...expected]) => {
    const files = (out: string) => ({ [place]: make(out), circle: { linkpath: place } })
    const here = expected[which - 2]!
    const same = here === INSIDE || (which === 4 && name === 'a folder')
    return [`/${place}: ${name}`, { ...shell('echo inside'), files }, here, same ? undefined : OVER]
  })

// In CI some of them, whatever is mounted and whatever is there.
const SWEEP = process.env.OCILAB_SWEEP === '1'

/** What a runtime mounts over, as the image has it. */
export const placeCases: Case[] = [
  ...['proc', 'sys', 'dev'].flatMap(place => places(place, 2)),
  ...places('etc', 3),
  ...['etc/hosts', 'etc/resolv.conf', 'etc/hostname'].flatMap(place => places(place, 4)),
].filter((_, at) => SWEEP || at % 4 === 0)
