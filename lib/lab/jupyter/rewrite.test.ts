import type { Diagnostic } from 'tslab/dist/converter.js'
import { expect, it } from 'vitest'
import { withoutExports, withoutTypes } from './rewrite.ts'

it.each([
  ['export const a = 1', '       const a = 1'],
  ['const text = `\nexport const a`', 'const text = `\nexport const a`'],
  ['export async function f() {}', '       async function f() {}'],
  ['  export interface A {}\nexport type B = A', '         interface A {}\n       type B = A'],
  ['const a = 1\nexport { a }', 'const a = 1\n            '],
  ["export * from 'ocilab'", "export * from 'ocilab'"],
  ['export default 3', 'export default 3'],
  ['export default function f() {}', 'export default function f() {}'],
])('%j becomes %j', (code, expected) => expect(withoutExports(code)).toBe(expected))

const problem = (code: number, line: number, character: number) =>
  ({ code, start: { line, character, offset: 0 } }) as Diagnostic

it.each([
  [
    'const { signal } = new AbortController()',
    [problem(4023, 0, 8)],
    'const { signal } = (new AbortController()) as any',
  ],
  ['let a = 1, b = Headers', [problem(2742, 0, 11)], 'let a = 1, b = (Headers) as any'],
  ['let a = 1\nlet b = 2', [problem(4023, 0, 4), problem(4023, 1, 4)], 'let a = (1) as any\nlet b = (2) as any'],
  ['const { a, b } = f()', [problem(4023, 0, 8), problem(4023, 0, 11)], 'const { a, b } = (f()) as any'],
  ['const a: number = "text"', [problem(2322, 0, 6)], undefined],
  ['const a = Headers; wrong', [problem(2742, 0, 6), problem(2304, 0, 19)], undefined],
  ['function f() {}', [problem(4023, 0, 9)], undefined],
])('%j becomes %j', (code, problems, expected) => expect(withoutTypes(code, problems)).toBe(expected))
