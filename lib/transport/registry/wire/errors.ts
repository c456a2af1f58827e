import type { RegistryErrorCode } from '../../../errors.ts'
import { parseJson } from '../../../spec/goJson.ts'

/** The body of an error answer. distribution-spec § Error Codes. */
export function writeErrors(code: RegistryErrorCode | 'UNKNOWN', message: string, detail?: unknown): string {
  return JSON.stringify({ errors: [{ code, message, ...(detail !== undefined && { detail }) }] })
}

/** The first error of an answer's body; undefined when the body is no such document (a proxy's page, say). */
export function parseErrors(body: Uint8Array): { code: string; message: string } | undefined {
  try {
    const { errors } = parseJson(body, 'errors', 'UNSUPPORTED') as { errors?: { code?: unknown; message?: unknown }[] }
    const [first] = errors ?? []
    return first ? { code: String(first.code ?? ''), message: String(first.message ?? '') } : undefined
  } catch {
    // Not JSON: the status alone has to say what is wrong.
    return undefined
  }
}
