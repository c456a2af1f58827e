import { describe, expect, it } from 'vitest'
import { cleanPath, globRegex, hasWildcards, PathPatterns, parseDockerignore } from './patterns.ts'

describe('.dockerignore', () => {
  it('is read line by line', () => {
    expect(parseDockerignore('\ufeff# no\n\n a \n/b/\n!c/../d\n./e//f\n #g')).toEqual(['a', 'b', '!d', 'e/f', '#g'])
  })

  it.each([
    [['a'], 'a', true],
    [['a'], 'a/b', true],
    [['a'], 'b/a', false],
    [['a/b'], 'a', false],
    [['*'], 'a', true],
    [['*'], '.hidden', true],
    [['*.md'], 'x.md', true],
    [['*.md'], 'd/x.md', false],
    [['*/*.md'], 'd/x.md', true],
    [['**/*.md'], 'x.md', true],
    [['**/*.md'], 'a/b/x.md', true],
    [['a/**'], 'a', false],
    [['a/**'], 'a/b/c', true],
    [['**'], 'a/b', true],
    [['a/**/b'], 'a/b', true],
    [['a/**/b'], 'a/x/y/b', true],
    [['a**b'], 'axxb', true],
    [['?'], 'a', true],
    [['?'], 'ab', false],
    [['[a-c]x'], 'bx', true],
    [['[^a-c]x'], 'bx', false],
    [['\\*'], '*', true],
    [['\\*'], 'a', false],
    [['a.b'], 'axb', false],
    [['*', '!a'], 'a', false],
    [['*', '!a'], 'a/b', false],
    [['*', '!a/b'], 'a/b', false],
    [['*', '!a/b'], 'a/c', true],
    [['!a', '*'], 'a', true],
    [['*.md', '!README.md'], 'README.md', false],
    [['*.md', '!README*.md', 'README-secret.md'], 'README-secret.md', true],
    [['.'], 'a', false],
  ])('%j: %s → %s', (patterns, path, want) => expect(new PathPatterns(patterns).matches(path)).toBe(want))

  it.each([
    [['a'], 'a', true],
    [['a', '!a/b'], 'a', false],
    [['a', '!b'], 'a', true],
    [['a', '!**/b'], 'a', false],
    [['*', '!a/b/c'], 'a/b', false],
    [['*', '!a/b/c'], 'a/x', true],
    [['*', '!*/b'], 'a', false],
  ])('%j: all below %s is left out: %s', (patterns, folder, want) =>
    expect(new PathPatterns(patterns).matchesAllBelow(folder)).toBe(want),
  )

  it.each([
    ['a[', 'syntax error'],
    ['a\\', 'syntax error'],
    ['!', 'illegal exclusion'],
  ])('%s: %s', (pattern, message) => expect(() => new PathPatterns([pattern])).toThrow(message))
})

it.each([
  ['*.txt', 'a.txt', true],
  ['*', 'a/b', false],
  ['a?c', 'a/c', false],
  ['[a-z]*', 'b1', true],
  ['**', 'a/b', false],
])('glob %s: %s → %s', (pattern, path, want) => expect(globRegex(pattern).test(path)).toBe(want))

it.each([
  ['a*', true],
  ['a\\*', false],
  ['a?', true],
  ['[a]', true],
  ['ab', false],
])('wildcards in %s: %s', (path, want) => expect(hasWildcards(path)).toBe(want))

it.each([
  ['/a/../b', '/b'],
  ['a/./b//c/', 'a/b/c'],
  ['../a', '../a'],
  ['/..', '/'],
  ['', '.'],
  ['a/..', '.'],
])('clean %s → %s', (path, want) => expect(cleanPath(path)).toBe(want))
