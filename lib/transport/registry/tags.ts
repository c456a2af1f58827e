import { type Options, say } from '../../events.ts'
import { parseReference } from '../../spec/reference.ts'
import type { TransportOptions } from '../transport.ts'
import { clientFor } from './transport.ts'

/** The tags of a repository. ≙ `skopeo list-tags` */
export async function listTags(repository: string, options: TransportOptions & Options = {}): Promise<string[]> {
  say(options, `skopeo list-tags docker://${repository}`)
  const client = clientFor(parseReference(repository), options)
  try {
    return await client.tags()
  } finally {
    client.close()
  }
}
