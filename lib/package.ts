import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package: one above lib/, above dist/, and above what is bundled into dist/. */
export const PACKAGE = fileURLToPath(new URL('..', import.meta.url))

/** `ocilab`, as it is installed. */
export const PROGRAM = join(PACKAGE, 'dist/ocilab.cjs')
