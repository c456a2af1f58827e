import { OciError } from '../../../errors.ts'

/** A place in a Dockerfile, both from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** What is wrong with a Dockerfile and where, in docker's own words after the place. */
export function dockerfileError(file: string, at: Position, what: string, cause?: unknown): OciError {
  const message = `${file}:${at.line}:${at.column}: dockerfile parse error on line ${at.line}: ${what}`
  return new OciError('DOCKERFILE_INVALID', message, { where: file, ...at, got: what }, { cause })
}

/** What is wrong with a line, and at which of its characters: whoever knows the line makes a place of it. */
export class LineError extends Error {
  readonly offset: number

  constructor(message: string, offset = 0) {
    super(message)
    this.offset = offset
  }
}
