import { escapeMermaid } from './mermaid.ts'
import { inBoth, type Picture } from './picture.ts'
import { textTable } from './table.ts'

/** One question and its answer, as a recorded transcript or the events of an operation have them. */
export interface Exchange {
  readonly method: string
  readonly url: string
  readonly status: number
}

/** Who asked whom for what, in order. ≙ skopeo --debug, as a picture */
export function transcriptPicture(exchanges: readonly Exchange[]): Picture {
  const hosts = [...new Set(exchanges.map(({ url }) => new URL(url).host))]
  const lines = exchanges.flatMap(({ method, url, status }) => {
    const { host, pathname, search } = new URL(url)
    const server = `server${hosts.indexOf(host)}`
    return [
      `  client->>${server}: ${escapeMermaid(`${method} ${shortened(pathname + search)}`)}`,
      `  ${server}${status < 400 ? '-->>' : '--x'}client: ${status}`,
    ]
  })
  return inBoth(say => {
    const client = `  participant client as ${say({ en: 'client', zh: '客户端' })}`
    return {
      title: say({ en: 'The talk with the registry', zh: '与镜像仓库的对话' }),
      mermaid: ['sequenceDiagram', client, ...hosts.map(participant), ...lines].join('\n'),
      text: textTable(
        [say({ en: 'status', zh: '状态' }), say({ en: 'method', zh: '方法' }), 'url'],
        exchanges.map(({ status, method, url }) => [status, method, url]),
      ),
    }
  })
}

function participant(host: string, i: number): string {
  return `  participant server${i} as ${escapeMermaid(host)}`
}

/** A digest of 64 digits would be most of the picture. */
function shortened(path: string): string {
  return path.replace(/(sha256(?::|%3A)[0-9a-f]{8})[0-9a-f]{56}/g, '$1…')
}
