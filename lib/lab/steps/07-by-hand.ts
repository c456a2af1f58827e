import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { say } from '../../events.ts'
import { digestOf, hexOf } from '../../spec/digest.ts'
import { same } from '../claim.ts'
import type { Lab } from '../lab.ts'
import type { Step } from '../step.ts'
import { runTool } from '../tool.ts'
import { manifestOf } from './05-oci-layout.ts'
import { fetchToken } from './06-token.ts'

/** Fetches the layers one by one and puts them where a layout wants them: the same files as the copy made. */
export const byHand: Step = {
  id: '07',
  section: 'OCI V1 和 Docker Image Manifest V2',
  title: { en: 'A copy is a handful of GETs', zh: '拷贝镜像不过是几次 GET' },
  why: {
    en: 'Nothing more happens in a pull: each layer is one GET by digest, and the digest says whether it arrived whole.',
    zh: '拉取镜像无非如此：每层一次按摘要的 GET，收完再用摘要核对是否完整。',
  },
  root: false,
  async run(lab, options) {
    const folder = join(lab.path.byHand, 'blobs/sha256')
    await mkdir(folder, { recursive: true })
    const bearer = await fetchToken(lab)
    const shown: string[] = []
    for (const { digest, size } of (await manifestOf(lab)).layers) {
      const url = `${lab.registry.url}/v2/zengxu/oci-demo-app/blobs/${digest}`
      say(options, `curl -s -H "Authorization: Bearer …" ${url} -o blobs/sha256/${hexOf(digest)}`)
      const answer = await fetch(url, { headers: { authorization: `Bearer ${bearer}` }, signal: options.signal })
      const bytes = new Uint8Array(await answer.arrayBuffer())
      await writeFile(join(folder, hexOf(digest)), bytes)
      shown.push(
        `${hexOf(digest)}  ${String(bytes.length).padStart(10)} of ${size} bytes  ${digestOf(bytes) === digest ? 'OK' : 'DIFFERENT'}`,
      )
    }
    return shown
  },
  checks: [
    {
      id: '07.1',
      claim: { en: 'the layers fetched by hand equal the copied ones', zh: '手工取下的层与拷贝得到的层逐字节相同' },
      async look(lab: Lab) {
        const folder = join(lab.path.byHand, 'blobs/sha256')
        const names = (await readdir(folder)).sort()
        const pairs = names.map(name =>
          runTool('cmp', [join(folder, name), join(lab.path.layout, 'blobs/sha256', name)]),
        )
        const wanted = [...new Set((await manifestOf(lab)).layers.map(layer => hexOf(layer.digest)))].sort()
        await Promise.all(pairs)
        return same(names, wanted, folder)
      },
    },
  ],
}
