import { expect, it } from 'vitest'
import { Way } from './way.ts'

/** Where a path leads in a tree of which only the links are told. */
function real(path: string, links: Record<string, string>): string {
  const way = new Way(path)
  while (way.step()) if (Object.hasOwn(links, way.path)) way.follow(Buffer.from(links[way.path]!))
  return way.path
}

it.each<[path: string, links: Record<string, string>, leads: string]>([
  ['', {}, ''],
  ['//a/./b/', {}, 'a/b'],
  ['a/../../b', {}, 'b'],
  ['a/b', { a: 'c/d' }, 'c/d/b'],
  ['a/b', { a: '/c' }, 'c/b'],
  ['x/a/b', { 'x/a': '../../../c' }, 'c/b'],
  ['x/a/b', { 'x/a': 'c', 'x/c': '/d' }, 'd/b'],
  ['a/..', { a: 'b/c' }, 'b'],
  ['a', { a: '/' }, ''],
])('%j with links %j leads to %j', (path, links, leads) => expect(real(path, links)).toBe(leads))

it.each<[Record<string, string>]>([[{ a: 'a' }], [{ a: 'b', b: './a' }], [{ a: 'a/a' }]])(
  'links in a circle %j',
  links => expect(() => real('a', links)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' })),
)
