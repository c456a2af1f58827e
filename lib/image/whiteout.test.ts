import { describe, expect, it } from 'vitest'
import { effectOf } from './whiteout.ts'

const effect = (path: string) => {
  const it = effectOf(Buffer.from(path, 'latin1'))
  return it.kind === 'add' ? 'add' : `${it.kind} ${it.path.toString('latin1')}`
}

describe('effectOf', () => {
  it.each([
    ['a', 'add'],
    ['a/b.wh.c', 'add'],
    ['.wha', 'add'],
    ['.whx.a', 'add'],
    ['a/.wh.b/c', 'add'],
    ['.wh.a', 'whiteout a'],
    ['./.wh.a', 'whiteout ./a'],
    ['/.wh.a', 'whiteout /a'],
    ['a/b/.wh.c', 'whiteout a/b/c'],
    ['a/.wh..hidden', 'whiteout a/.hidden'],
    ['a/.wh....', 'whiteout a/...'],
    ['a/.wh..wh.b', 'whiteout a/.wh.b'],
    ['a/.wh.\xff', 'whiteout a/\xff'],
    ['.wh..wh..opq', 'opaque '],
    ['a/b/.wh..wh..opq', 'opaque a/b'],
    ['a/.wh..wh..opq2', 'whiteout a/.wh..opq2'],
  ])('of %s is %s', (path, want) => expect(effect(path)).toBe(want))

  it.each(['.wh.', 'a/.wh.', 'a/.wh..', 'a/.wh...'])('refuses %s', path => {
    expect(() => effect(path)).toThrow(expect.objectContaining({ code: 'TAR_INVALID' }))
  })
})
