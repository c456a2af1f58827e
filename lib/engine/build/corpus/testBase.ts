import { writeTar } from '../../../bytes/writeTar.ts'
import { imageFrom } from '../../../image/build.ts'
import type { Image } from '../../../image/image.ts'
import { busyboxFiles, folder, symlink, text } from '../../../lab/demo/busyboxFiles.ts'

/** What both build on: a busybox with users, folders that are symlinks, and a configuration of its own. */
export async function testBase(): Promise<Image> {
  const more = [
    folder('data'),
    { ...folder('data/private'), mode: 0o700, uid: 12, gid: 34 },
    text('data/file', 'data\n'),
    folder('real'),
    text('real/inside', 'inside\n'),
    symlink('alias', 'real'),
    symlink('absolute', '/real'),
    symlink('filelink', 'data/file'),
    symlink('dangling', 'nowhere/at/all'),
    symlink('data/up', '../real'),
    text('etc/users', ''),
  ]
  const accounts = [
    text(
      'etc/passwd',
      'root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001:Ann:/home/ann:/bin/sh\nnogroup:x:7:7::/:/bin/sh\n',
    ),
    text('etc/group', 'root:x:0:\nann:x:1002:\nstaff:x:50:ann\n'),
  ]
  const files = (await busyboxFiles()).filter(it => !/^etc\/(passwd|group)$/.test(it.path.toString()))
  return imageFrom({
    architecture: 'amd64',
    os: 'linux',
    created: '2020-01-01T00:00:00Z',
    config: {
      Cmd: ['sh'],
      Env: ['PATH=/bin:/usr/bin', 'BASE=yes'],
      Labels: { base: 'yes', kept: 'too' },
      WorkingDir: '/',
    },
    layers: [
      {
        tar: writeTar([...files, ...accounts, ...more]),
        history: { created: '2020-01-01T00:00:00Z', created_by: 'ADD base' },
      },
    ],
    flavour: 'docker',
  })
}
