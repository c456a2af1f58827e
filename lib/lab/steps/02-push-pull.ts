import { say } from '../../events.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { parseTransport } from '../../transport/parse.ts'
import { same } from '../claim.ts'
import { type Step, withoutCommands } from '../step.ts'

/** Pushes the image to a registry that asks for tokens, and sees that nothing moves the second time. */
export const pushPull: Step = {
  id: '02',
  section: 'Docker 的味道',
  title: { en: 'Push it to a registry', zh: '推送到镜像仓库' },
  why: {
    en: 'A registry keeps blobs under their digests. Ours runs inside this program, on the loopback address, and wants a token for everything.',
    zh: '仓库用摘要给每个 blob 命名。这里的仓库就跑在本程序里，只监听回环地址，做任何事都要先换取令牌。',
  },
  root: false,
  async run(lab, options) {
    const to = parseTransport(`docker://${lab.reference}`)
    const how = { ...withoutCommands(options), credentials: lab.credentials, insecure: true }
    say(options, `docker push ${lab.reference}`)
    const first = await copy(heldImage(lab.demo.image, lab.demo.name), to, how)
    say(options, `docker push ${lab.reference}`)
    const second = await copy(heldImage(lab.demo.image, lab.demo.name), to, how)
    return [
      `v0: digest: ${first.manifest.digest} size: ${first.manifest.size}`,
      `first push: ${first.copied} blobs moved, ${first.skipped} were there`,
      `second push: ${second.copied} blobs moved, ${second.skipped} were there`,
    ]
  },
  checks: [
    {
      id: '02.1',
      claim: { en: 'the registry gives back the same layers', zh: '从仓库取回的层与推上去的一致' },
      async look(lab) {
        const source = await parseTransport(`docker://${lab.reference}`).source({
          credentials: lab.credentials,
          insecure: true,
        })
        try {
          const pulled = await source.resolve()
          return same(pulled.config.rootfs.diff_ids, lab.demo.image.config.rootfs.diff_ids, `docker://${lab.reference}`)
        } finally {
          await source.close()
        }
      },
    },
    {
      id: '02.2',
      claim: {
        en: 'without a token the registry says 401 and where to get one',
        zh: '没有令牌时，仓库回答 401，并说明去哪里取',
      },
      async look(lab) {
        const answer = await fetch(`${lab.registry.url}/v2/`)
        const challenge = answer.headers.get('www-authenticate') ?? ''
        return same(`${answer.status} ${challenge.split(' ')[0]}`, '401 Bearer', `GET ${lab.registry.url}/v2/`)
      },
    },
  ],
}
