import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { say } from '../../events.ts'
import { unpack } from '../../rootfs/unpack.ts'
import { openImageAt } from '../../transport/openImageAt.ts'
import { includes } from '../claim.ts'
import { type Step, withoutCommands } from '../step.ts'

/** Unpacks the layout into rootfs/ of a bundle; the article unpacks flat and then moves everything. */
export const unpackRootfs: Step = {
  id: '08',
  section: 'OCI V1 和 Docker Image Manifest V2',
  title: { en: 'Unpack it', zh: '解压成文件系统' },
  why: {
    en: 'Now the layers become real files with their owners, modes and times. (The article then says `mv -r`, which no mv knows: we unpack to rootfs/ at once.)',
    zh: '层在这里变成真正的文件，带着属主、权限和时间。（原文接着用了 `mv -r`，但 mv 没有这个选项：我们直接解压到 rootfs/。）',
  },
  root: true,
  async run(lab, options) {
    const rootfs = join(lab.path.bundle, 'rootfs')
    say(options, `oci-image-tool unpack --ref name=v0 ${lab.path.layout} ${rootfs}`)
    await openImageAt(`oci:${lab.path.layout}:v0`, image => unpack(image, rootfs, withoutCommands(options)))
    return [(await readdir(rootfs)).sort().join('  ')]
  },
  checks: [
    {
      id: '08.1',
      claim: { en: 'the folder holds the files of all layers', zh: '目录里有所有层的文件' },
      look: async lab =>
        includes(await readdir(join(lab.path.bundle, 'rootfs')), lab.rootNames, `${lab.path.bundle}/rootfs`),
    },
  ],
}
