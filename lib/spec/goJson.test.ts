import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { goJson, sortedMap } from './goJson.ts'

describe('JSON as Go writes it', () => {
  it('escapes what may not stand in HTML', () =>
    expect(goJson({ a: '<b> && \u2028\u2029' })).toBe('{"a":"\\u003cb\\u003e \\u0026\\u0026 \\u2028\\u2029"}'))
  it('keeps the order of fields and drops what is undefined', () =>
    expect(goJson({ b: 1, a: undefined, c: null })).toBe('{"b":1,"c":null}'))
  it('sorts maps by bytes, not by UTF-16', () =>
    expect(Object.keys(sortedMap({ '\u{1f600}': 1, '\uffff': 2, b: 3, B: 4 }))).toEqual([
      'B',
      'b',
      '\uffff',
      '\u{1f600}',
    ]))
  it('means the same as any other JSON', () =>
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(JSON.parse(goJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    ))
})
