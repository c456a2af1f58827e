/**
 * Every failure in ocilab is an {@link OciError}: one sentence for people (`where: what happened (want …, got …)`),
 * a `code` for programs, and `data` with both sides. Codes are the distribution-spec's own where it has one.
 */

/** Codes the distribution-spec defines (§ Error Codes); a registry sends and understands these. */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'

/** Codes for what the distribution-spec has no word for. */
export type LocalErrorCode =
  | 'ADDRESS_IN_USE'
  | 'ARCHIVE_INVALID'
  | 'ARGUMENT_INVALID'
  | 'CNI_FAILED'
  | 'COMMAND_FAILED'
  | 'CONFIG_INVALID'
  | 'CONTAINER_EXISTS'
  | 'CONTAINER_UNKNOWN'
  | 'CONTAINER_WRONG_STATUS'
  | 'COPY_FAILED'
  | 'DIFF_ID_INVALID'
  | 'DOCKERFILE_INVALID'
  | 'GZIP_INVALID'
  | 'IO'
  | 'KERNEL'
  | 'LAYOUT_INVALID'
  | 'MEDIA_TYPE_UNKNOWN'
  | 'NATIVE_MISSING'
  | 'NETWORK_EXISTS'
  | 'NOT_PERMITTED'
  | 'PATH_ESCAPES_ROOT'
  | 'PLATFORM_UNKNOWN'
  | 'PROTOCOL'
  | 'REFERENCE_INVALID'
  | 'REGISTRY_UNREACHABLE'
  | 'TARGET_EXISTS'
  | 'TAR_INVALID'
  | 'TIMEOUT'
  | 'TOOL_MISSING'
  | 'TOO_LARGE'
  | 'ZSTD_INVALID'

export type ErrorCode = RegistryErrorCode | LocalErrorCode

/** What a program may want to know beside the code: what was wanted, what was got, and where. */
export interface ErrorData {
  readonly want?: unknown
  readonly got?: unknown
  readonly where?: string
  readonly hint?: string
  readonly [key: string]: unknown
}

// Two copies of the library may be loaded (a notebook's and a program's): identity is a registered symbol, not a class.
const MARK = Symbol.for('ocilab.OciError')

/** The base of every error this library throws on purpose. */
export class OciError extends Error {
  readonly code: ErrorCode
  readonly data: ErrorData

  constructor(code: ErrorCode, message: string, data: ErrorData = {}, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.data = data
    Object.defineProperty(this, MARK, { value: true })
  }

  toJSON() {
    return { name: this.name, code: this.code, message: this.message, data: this.data }
  }
}

/** A registry answered with an error, or broke the protocol; `data` has `method`, `url` and `status`. */
export class RegistryError extends OciError {}

/** A layer cannot be unpacked; `data.where` names the layer and entry. */
export class UnpackError extends OciError {}

/** An OCI runtime refused or failed. */
export class RuntimeError extends OciError {}

/** A system call failed; `data` has `errno` (a name such as `EPERM`), `syscall` and, for a plan, the `step`. */
export class KernelError extends OciError {}

/** True when `error` is ours, and, when `code` is given, has that code. */
export function isOciError(error: unknown, code?: ErrorCode): error is OciError {
  if (typeof error !== 'object' || error === null || !(MARK in error)) return false
  return code === undefined || (error as { code?: unknown }).code === code
}

/** Node's own system errors (`ENOENT`, `EACCES` …) have a string code; this narrows to them. */
export function isSystemError(error: unknown, code?: string): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || isOciError(error)) return false
  const { code: got, syscall } = error as NodeJS.ErrnoException
  return typeof got === 'string' && typeof syscall === 'string' && (code === undefined || got === code)
}

/** Throws an error again, with the path of the file it was in: of one that is open, Node does not say which it is. */
export function inFile(path: string | Buffer): (error: unknown) => never {
  return error => {
    if (isSystemError(error)) error.path ??= String(path)
    throw error
  }
}

/**
 * Any error in one sentence: what a terminal, a notebook and a check print of it. A `code` stands in brackets, as it does
 * for errors of ours; what we did not foresee has none, and `undefined` says so.
 */
export function knownSentence(error: unknown): string | undefined {
  const said = systemOrOurs(error)
  return said === undefined ? undefined : printable(said)
}

// Names of files come from images: they may hold what moves a terminal's cursor, or ends a line of a log.
function printable(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f\u2028\u2029]/g, it => `\\x${it.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function systemOrOurs(error: unknown): string | undefined {
  if (isOciError(error)) return `${error.message} [${error.code}]`
  if (!isSystemError(error)) return undefined
  const { path, code = '', message } = error
  if (path === undefined) return message
  // `ENOENT: no such file or directory, open '/x'`: the place comes first, as everywhere. rmSync says it in ways of its own:
  // `ENOTEMPTY, Directory not empty: /x '/x'`, and `, Unknown error: Input/output error '/x'`.
  const said = message.replace(/^\w*[:,] (Unknown error: )?/, '').replace(/(, \w+|: \/.*)? '.*$/s, '')
  return `${path}: ${said} [${code || 'IO'}]`
}

/** {@link knownSentence}, and for what we did not foresee its own message. */
export function sentence(error: unknown): string {
  return knownSentence(error) ?? (error instanceof Error ? error.message : String(error))
}
