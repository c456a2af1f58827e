import { join } from 'node:path'
import { PACKAGE } from '../../package.ts'
import { program } from './program.ts'
import type { Suite } from './suite.ts'

/** What `npm run build` made. */
export const DIST = join(PACKAGE, 'dist')

/** A program that has to say only its version has all its time from Node, which is started alone beside it. */
export const suite: Suite = {
  open() {
    const bare = program('node -e 0', [process.execPath, '-e', '0'])
    const versionOf = (name: string, path: string) => ({
      ...{ name: `${name} --version`, goal: 1.3, pairs: 15 },
      ...{ ours: program(name, [process.execPath, join(DIST, path), '--version']), peers: [bare] },
    })
    return [versionOf('ocilab', 'ocilab.cjs'), versionOf('ocirun', 'ocirun.cjs')]
  },
}
