import type { ErrorCode } from '../../errors.ts'
import { type Changes, layoutAt } from './testLayout.ts'

/**
 * What comes of reading a place: the whole image, or an error. `blob`: whoever moves the layers sees it; `tar`: whoever
 * looks into them; `artifact`: who wants an image, while a copy hands it on for what it is.
 */
export type Expected = 'whole' | ErrorCode | { blob: ErrorCode } | { tar: ErrorCode } | { artifact: ErrorCode }

/** One line of a table: how the place is made in a folder, beside a file nobody may read; it answers its name. */
export interface Case {
  readonly name: string
  readonly expected: Expected
  make(folder: string, secret: string): Promise<string> | string
}

/** Layouts, as a folder. */
export const layouts = (table: [name: string, expected: Expected, changes: Changes][]): Case[] =>
  table.map(([name, expected, changes]) => ({
    name,
    expected,
    make(folder, secret) {
      layoutAt(`${folder}/source`, secret, changes)
      return `oci:${folder}/source:v0`
    },
  }))
