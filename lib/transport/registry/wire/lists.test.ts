import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOciError } from '../../../errors.ts'
import { parseErrors, writeErrors } from './errors.ts'
import { parseCatalog, parseNextLink, parseTagList, writeCatalog, writeNextLink, writeTagList } from './lists.ts'
import {
  parseContentRange,
  parseRange,
  parseUploadRange,
  writeChunkRange,
  writeContentRange,
  writeRange,
  writeUploadRange,
} from './range.ts'

describe('ranges of a blob', () => {
  it.each([
    ['bytes=0-', { start: 0, end: 10 }],
    ['bytes=5-', { start: 5, end: 10 }],
    ['bytes=2-3', { start: 2, end: 4 }],
    ['bytes=2-99', { start: 2, end: 10 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=-30', { start: 0, end: 10 }],
    ['bytes=-', undefined],
    ['lines=1-2', undefined],
    [undefined, undefined],
  ])('%s', (header, range) => expect(parseRange(header, 10)).toEqual(range))
  it.each(['bytes=10-', 'bytes=5-2', 'bytes=-0', 'bytes=99-100'])('%s is an error', header =>
    expect(() => parseRange(header, 10)).toThrow(expect.objectContaining({ code: 'SIZE_INVALID' })),
  )
  it('go both ways', () => {
    expect(parseRange(writeRange({ start: 3, end: 7 }), 10)).toEqual({ start: 3, end: 7 })
    expect(parseRange(writeRange({ start: 3 }), 10)).toEqual({ start: 3, end: 10 })
    expect(parseContentRange(writeContentRange({ start: 3, end: 7 }, 10))).toEqual({ start: 3, end: 7, size: 10 })
  })
})

describe('ranges of an upload', () => {
  it('go both ways', () => {
    expect(parseContentRange(writeChunkRange({ start: 3, end: 7 }))).toEqual({ start: 3, end: 7 })
    expect([0, 2, 1000].map(size => parseUploadRange(writeUploadRange(size)))).toEqual([0, 2, 1000])
  })
  it.each(['', '3', '7-3', 'x-y', 'bytes */10'])('%j is none', text => expect(parseContentRange(text)).toBeUndefined())
})

describe('lists', () => {
  it('go both ways', () => {
    expect(parseTagList(Buffer.from(writeTagList('a', ['x', 'y'])), 'tags')).toEqual(['x', 'y'])
    expect(parseCatalog(Buffer.from(writeCatalog(['a/b'])), 'catalog')).toEqual(['a/b'])
    expect(parseNextLink(writeNextLink('/v2/a/tags/list?n=1&last=x,y'))).toBe('/v2/a/tags/list?n=1&last=x,y')
  })
  it('null is none', () => expect(parseTagList(Buffer.from('{"tags":null}'), 'tags')).toEqual([]))
  it.each(['[]', '{"tags":{}}', '{"tags":[1]}', '<html>'])('%s is no list', text =>
    expect(() => parseTagList(Buffer.from(text), 'tags')).toThrow(expect.objectContaining({ code: 'PROTOCOL' })),
  )
  it.each<[string | undefined, string | undefined]>([
    ['<a>; rel=prev, <b>; title="x"; rel=next', 'b'],
    ['<a>; rel=next', 'a'],
    ['<a>', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('Link: %s', (header, url) => expect(parseNextLink(header)).toBe(url))
})

describe('errors', () => {
  it('go both ways', () =>
    expect(parseErrors(Buffer.from(writeErrors('BLOB_UNKNOWN', 'gone')))).toEqual({
      code: 'BLOB_UNKNOWN',
      message: 'gone',
    }))
  it('a page of a proxy is none', () => expect(parseErrors(Buffer.from('<html>'))).toBeUndefined())
  it('nothing but our error is thrown by any text', () =>
    fc.assert(
      fc.property(fc.string(), text => {
        parseErrors(Buffer.from(text))
        parseContentRange(text)
        parseUploadRange(text)
        parseNextLink(text)
        for (const parse of [() => parseRange(text, 10), () => parseTagList(Buffer.from(text), 'tags')])
          try {
            parse()
          } catch (error) {
            if (!isOciError(error)) throw error
          }
      }),
    ))
})
