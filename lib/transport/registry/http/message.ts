import type { Bytes } from '../../../bytes/bytes.ts'

/** One request. A body that can only be read once is not sent twice. */
export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  url: string
  headers?: Record<string, string>
  body?: Uint8Array | string | Bytes
  /** Whether it may be asked again when it fails. By default what only asks may; to put the same manifest under the same tag is as good. */
  repeatable?: boolean
  /** Whoever reads the body is done with each chunk before asking for the next but one, so that its memory may be used again. */
  lend?: boolean
}

export interface HttpResponse {
  status: number
  /** Where the answer came from: after redirects not what was asked for. */
  url: string
  headers: Readonly<Record<string, string>>
  header(name: string): string | undefined
  body: HttpBody
}

/** A body is read, or dumped: one that is left lying keeps its connection from everybody else. */
export type HttpBody = Bytes & { dump(): Promise<void> }

export type Send = (request: HttpRequest) => Promise<HttpResponse>

/** Something that stands between the client and the network: it records, replays, looks on. */
export type Wire = (send: Send) => Send

/** An answer that did not come from a socket. */
export function response(
  url: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Bytes,
): HttpResponse {
  return {
    url,
    status,
    headers,
    header: name => headers[name.toLowerCase()],
    body: Object.assign(bytes, {
      async dump() {
        for await (const _chunk of bytes);
      },
    }),
  }
}

/** True for a body that is all here, and can be sent again. */
export function isWhole(body: HttpRequest['body']): body is Uint8Array | string | undefined {
  return body === undefined || typeof body === 'string' || body instanceof Uint8Array
}
