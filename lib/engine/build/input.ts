import type { Bytes } from '../../bytes/bytes.ts'
import { OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import type { CopySource } from './source.ts'

/** What is built: a Dockerfile, and what its COPY takes files from. */
export interface BuildInput {
  readonly text: string
  /** What errors call the Dockerfile: its name inside the context, else its whole path. */
  readonly name: string
  readonly context: CopySource
  /** Equal when the same is built again. */
  readonly place: readonly string[]
}

export interface InputOptions extends Options {
  readonly file?: string
  readonly stdin?: Bytes
}

/** Why nothing is built at all, in docker's words. */
export function unprepared(what: string, got: string, cause?: unknown): OciError {
  return new OciError('ARGUMENT_INVALID', `unable to prepare context: ${what}`, { got }, { cause })
}
