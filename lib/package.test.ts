import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PACKAGE } from './package.ts'

it('nothing of ours runs when the package is installed', () => {
  const { scripts, gypfile } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'))
  const hooks = [
    'preinstall',
    'install',
    'postinstall',
    'prepublish',
    'preprepare',
    'prepare',
    'postprepare',
    'dependencies',
  ]
  expect(Object.keys(scripts).filter(name => hooks.includes(name))).toEqual([])
  // npm runs node-gyp where it finds a binding.gyp.
  expect(gypfile).toBeUndefined()
})
