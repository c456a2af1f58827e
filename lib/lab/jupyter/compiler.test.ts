import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { PACKAGE } from '../../package.ts'
import { CompilerCrash, openCompiler } from './compiler.ts'

const converters = createRequire(import.meta.url)('tslab/dist/converter.js')
const original = converters.createConverter
const folder = mkdtempSync(join(tmpdir(), 'ocilab-compiler-'))
const before = process.cwd()
afterAll(() => {
  converters.createConverter = original
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

it('that crashes says so, is begun anew, and still knows the cells before', () => {
  let opened = 0
  converters.createConverter = () => {
    opened++
    const converter = original()
    const convert = (known: string, code: string) => {
      if (code.includes('crash'))
        throw new Error('Debug Failure. False expression: Paths must either both be absolute\n at x')
      return converter.convert(known, code)
    }
    return { ...converter, convert }
  }
  const compiler = openCompiler(folder, PACKAGE)
  compiler.keep(compiler.compile('const before = 1'))
  expect(() => compiler.compile('crash')).toThrow(CompilerCrash)
  expect(() => compiler.compile('crash')).toThrow(
    /^Debug Failure. False expression: Paths must either both be absolute$/,
  )
  expect(compiler.compile('const after: number = before').javascript).toContain('after')
  expect(opened).toBe(3)
  compiler.close()
})
