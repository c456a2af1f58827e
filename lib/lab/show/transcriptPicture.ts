import { escapeMermaid } from './mermaid.ts'
import type { Picture } from './picture.ts'
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
  return {
    title: 'The talk with the registry',
    mermaid: ['sequenceDiagram', '  participant client', ...hosts.map(participant), ...lines].join('\n'),
    text: textTable(
      ['status', 'method', 'url'],
      exchanges.map(({ status, method, url }) => [status, method, url]),
    ),
  }
}

function participant(host: string, i: number): string {
  return `  participant server${i} as ${escapeMermaid(host)}`
}

/** A digest of 64 digits would be most of the picture. */
function shortened(path: string): string {
  return path.replace(/(sha256(?::|%3A)[0-9a-f]{8})[0-9a-f]{56}/g, '$1…')
}
