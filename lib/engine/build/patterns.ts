import { OciError } from '../../errors.ts'

/** One line of a .dockerignore, or of `--exclude`. */
interface Pattern {
  readonly text: string
  readonly excluded: boolean
  readonly regex: RegExp
}

/** The patterns of a .dockerignore. Throws `ARGUMENT_INVALID` for one that cannot be read. */
export function parseDockerignore(text: string): string[] {
  const lines = text.replace(/^\ufeff/, '').split('\n')
  return lines
    .filter(line => !line.startsWith('#'))
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(line => {
      const negated = line.startsWith('!')
      return (negated ? '!' : '') + cleanPath((negated ? line.slice(1) : line).trim()).replace(/^\/(?=.)/, '')
    })
}

/**
 * Which paths a .dockerignore leaves out: the last pattern that matches a path, or a folder it is in, decides.
 * Paths are relative, with `/` between their parts. The rules are those of moby's patternmatcher.
 */
export class PathPatterns {
  readonly #patterns: readonly Pattern[]

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.filter(text => text !== '').map(compile)
  }

  matches(path: string): boolean {
    return this.#patterns.reduce((left, { excluded, regex }) => {
      // One that cannot change the answer need not be asked.
      if (left === !excluded) return left
      return withParents(path).some(part => regex.test(part)) ? !excluded : left
    }, false)
  }

  /** True for a folder that is left out with all that is in it, so that nobody need look inside. */
  matchesAllBelow(folder: string): boolean {
    if (!this.matches(folder)) return false
    return !this.#patterns.some(({ excluded, text }) => excluded && reaches(text, folder))
  }
}

/** Go's filepath.Match: `*` and `?` stop at `/`, `[…]` is a set. Throws `ARGUMENT_INVALID` for a bad pattern. */
export function globRegex(pattern: string): RegExp {
  return regexOf(pattern, false)
}

/** True for what has a wildcard in it that is not escaped. */
export function hasWildcards(path: string): boolean {
  return /^(?:[^\\*?[]|\\.)*[*?[]/.test(path)
}

function compile(line: string): Pattern {
  const excluded = line.startsWith('!')
  const text = excluded ? line.slice(1) : line
  if (text === '') throw new OciError('ARGUMENT_INVALID', 'illegal exclusion pattern: "!"', { got: line })
  return { text, excluded, regex: regexOf(text, true) }
}

function regexOf(pattern: string, doubleStar: boolean): RegExp {
  let regex = '^'
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    if (doubleStar && pattern.startsWith('**', at)) {
      // `**/x` is also x itself, and `x/**` all below x.
      const slash = pattern[at + 2] === '/'
      at += slash ? 2 : 1
      regex += at + 1 >= pattern.length ? '.*' : '(.*/)?'
      if (!slash && at + 1 < pattern.length) regex = `${regex.slice(0, -'(.*/)?'.length)}.*`
    } else if (character === '*') regex += '[^/]*'
    else if (character === '?') regex += '[^/]'
    else if (character === '[') {
      const set = /^\[(\^?)((?:\\.|[^\\\]])+)\]/s.exec(pattern.slice(at))
      if (!set) throw invalid(pattern)
      regex += `(?!/)[${set[1]}${set[2]!.replace(/\[/g, '\\[')}]`
      at += set[0].length - 1
    } else if (character === '\\') {
      if (at + 1 === pattern.length) throw invalid(pattern)
      regex += literal(pattern[++at]!)
    } else regex += literal(character)
  }
  try {
    return new RegExp(`${regex}$`, 's')
  } catch (error) {
    throw invalid(pattern, error)
  }
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
}

function withParents(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** Might something below the folder match? Then one has to look inside. */
function reaches(pattern: string, folder: string): boolean {
  const wanted = folder.split('/')
  const parts = pattern.split('/')
  for (const [index, part] of wanted.entries()) {
    const piece = parts[index]
    if (piece === undefined) return false
    if (piece.includes('**')) return true
    if (!regexOf(piece, false).test(part)) return false
  }
  return parts.length > wanted.length
}

/** As Go's path.Clean. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/')
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!rooted) parts.push('..')
  }
  return (rooted ? '/' : '') + parts.join('/') || '.'
}

function invalid(pattern: string, cause?: unknown): OciError {
  return new OciError(
    'ARGUMENT_INVALID',
    `${JSON.stringify(pattern)}: syntax error in pattern`,
    { got: pattern },
    { cause },
  )
}
