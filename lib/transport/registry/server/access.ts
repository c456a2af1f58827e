import type { IncomingMessage, ServerResponse } from 'node:http'
import { RegistryError, type RegistryErrorCode } from '../../../errors.ts'
import { parseBasic } from '../wire/challenge.ts'
import { writeErrors } from '../wire/errors.ts'
import { parseTokenForm, parseTokenQuery, writeTokenResponse } from '../wire/token.ts'
import { bodyOf, send } from './exchange.ts'
import type { TokenDesk } from './tokenDesk.ts'

const FORM_LIMIT = 64 << 10

/** The token server's one endpoint: `GET` docker's way, `POST` OAuth's. */
export async function giveToken(
  request: IncomingMessage,
  response: ServerResponse,
  desk: TokenDesk,
  query: URLSearchParams,
): Promise<void> {
  const { method } = request
  if (method !== 'GET' && method !== 'POST')
    return refuse(response, 405, 'UNSUPPORTED', 'a token is got by GET or POST')
  const wanted = method === 'GET' ? parseTokenQuery(query) : parseTokenForm(await formOf(request))
  const token = await desk.issue(wanted, parseBasic(request.headers.authorization))
  if (token) return send(response, 200, writeTokenResponse(token), { 'cache-control': 'no-store' })
  response.setHeader('www-authenticate', 'Basic realm="ocilab-registry"')
  refuse(response, 401, 'UNAUTHORIZED', 'wrong user name or password')
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type']?.split(';')[0]?.trim()
  if (type !== 'application/x-www-form-urlencoded')
    throw new RegistryError('UNSUPPORTED', `Content-Type ${JSON.stringify(type)}: want a form`, { got: type })
  return new URLSearchParams(Buffer.from(await bodyOf(request, FORM_LIMIT)).toString())
}

/** Answers with an error. distribution-spec § Error Codes. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: RegistryErrorCode | 'UNKNOWN',
  message: string,
): void {
  send(response, status, writeErrors(code, message))
}
