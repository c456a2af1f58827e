import type { ServerResponse } from 'node:http'
import { isOciError, isSystemError, type RegistryErrorCode } from '../../../errors.ts'
import { refuse } from './access.ts'

const STATUS: Partial<Record<string, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_UNKNOWN: 404,
  MANIFEST_UNKNOWN: 404,
  NAME_UNKNOWN: 404,
  UNAUTHORIZED: 401,
  DENIED: 403,
  TOO_LARGE: 413,
}

// What the wire has no word for goes by the nearest.
const WIRE: Partial<Record<string, RegistryErrorCode>> = {
  TOO_LARGE: 'SIZE_INVALID',
  MEDIA_TYPE_UNKNOWN: 'MANIFEST_INVALID',
  ARGUMENT_INVALID: 'UNSUPPORTED',
}

// The registry's own trouble, not the client's.
const OURS = new Set(['LAYOUT_INVALID', 'TIMEOUT', 'IO', 'REGISTRY_UNREACHABLE', 'PROTOCOL'])

const FULL = { status: 507, what: "the registry's disk takes no more" }
// In a moment others will have closed theirs.
const BUSY = { status: 503, what: 'the registry has too many files open' }
const BROKEN = { status: 500, what: "the registry's disk fails" }
const DISK: Partial<Record<string, { status: number; what: string }>> = {
  ...{ ENOSPC: FULL, EDQUOT: FULL, EROFS: FULL, EFBIG: FULL },
  ...{ EMFILE: BUSY, ENFILE: BUSY, EIO: BROKEN },
}

interface Failure {
  status: number
  code: RegistryErrorCode | 'UNKNOWN'
  message: string
}

/** Answers with what went wrong. */
export function answerFailure(response: ServerResponse, error: unknown): void {
  const { status, code, message } = failureOf(error)
  // Half an answer can only be broken off, so that nobody takes it for a whole one.
  if (response.headersSent) return void response.destroy()
  if (status === BUSY.status) response.setHeader('retry-after', 1)
  refuse(response, status, code, message)
}

/** An error of ours becomes the spec's; what nobody foresaw says no more than that. */
function failureOf(error: unknown): Failure {
  const trouble = isSystemError(error) ? error.code! : ''
  const disk = DISK[trouble]
  if (disk) return { status: disk.status, code: 'UNKNOWN', message: `${disk.what} (${trouble})` }
  if (error instanceof URIError) return { status: 400, code: 'NAME_INVALID', message: 'not an address' }
  if (!isOciError(error)) return { status: 500, code: 'UNKNOWN', message: 'internal error' }
  const { code, message, data } = error
  if (OURS.has(code)) return { status: 500, code: 'UNKNOWN', message }
  const status = typeof data.status === 'number' ? data.status : (STATUS[code] ?? 400)
  return { status, code: WIRE[code] ?? (code as RegistryErrorCode), message }
}
