import { dockerfileError, LineError, type Position } from './error.ts'
import { type Heredoc, heredocsIn } from './heredoc.ts'
import { parseJsonWords } from './jsonWords.ts'

/** One instruction as written: lines that a continuation joins are one. */
export interface LogicalLine {
  /** Without continuations and the comments between them. */
  readonly text: string
  /** Where it begins. */
  readonly start: Position
  readonly lastLine: number
  readonly heredocs: readonly Heredoc[]
  /** Where a character of `text` stands in the file. */
  at(offset: number): Position
}

export interface DockerfileLines {
  readonly lines: readonly LogicalLine[]
  /** `\`, or what the directive says: the character that escapes and continues. */
  readonly escapeToken: string
  readonly warnings: readonly string[]
}

// Parser directives: `# escape=\``, before anything else in the file.
const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/
const KNOWN_DIRECTIVES = ['escape', 'syntax', 'check']
const MAY_HAVE_HEREDOC = /^(?:onbuild\s+)?(?:run|copy|add)\s/i

/**
 * Splits a Dockerfile into instructions by BuildKit's rules. Throws `DOCKERFILE_INVALID`.
 * `\\` at the end of a line continues nothing; comments and empty lines inside a continuation are left out.
 */
export function readLines(text: string, file: string): DockerfileLines {
  const physical = text.replace(/^\ufeff/, '').split('\n')
  // What follows the last newline is no line.
  if (physical.at(-1) === '') physical.pop()
  const { escapeToken, next } = readDirectives(physical, file)
  const continued = new RegExp(`(^|[^\\${escapeToken}])\\${escapeToken}[ \\t]*$`)
  const lines: LogicalLine[] = []
  const warnings: string[] = []
  for (let index = next; index < physical.length; ) {
    const line = new Joined(continued)
    const first = trimNewline(physical[index]!)
    const indent = first.length - first.trimStart().length
    let open = isComment(first) ? false : line.add(first.slice(indent), index + 1, indent + 1)
    index++
    if (line.isEmpty && !open) continue
    let skipped = false
    for (; open && index < physical.length; index++) {
      const more = trimNewline(physical[index]!)
      if (isComment(more)) continue
      if (more.trim() === '') skipped = true
      else open = line.add(more, index + 1, 1)
    }
    if (skipped) warnings.push(`Empty continuation line found in: ${line.text}`)
    const heredocs = readHeredocs(line, physical, index, file)
    index += heredocs.reduce((count, { lines }) => count + lines, 0)
    const at = (offset: number) => line.at(offset)
    lines.push({ text: line.text, start: at(0), lastLine: index, heredocs, at })
  }
  return { lines, escapeToken, warnings }
}

/** The text of a logical line, and where its pieces came from. */
class Joined {
  readonly #continued: RegExp
  readonly #pieces: { offset: number; line: number; column: number }[] = []
  text = ''

  constructor(continued: RegExp) {
    this.#continued = continued
  }

  get isEmpty(): boolean {
    return this.text.trim() === ''
  }

  /** Adds a line of the file; true when the next one belongs to it, too. */
  add(piece: string, line: number, column: number): boolean {
    this.#pieces.push({ offset: this.text.length, line, column })
    const open = this.#continued.test(piece)
    this.text += open ? piece.replace(this.#continued, '$1') : piece
    return open
  }

  at(offset: number): Position {
    const piece = this.#pieces.findLast(piece => piece.offset <= offset) ?? this.#pieces[0]!
    return { line: piece.line, column: piece.column + Math.max(offset - piece.offset, 0) }
  }
}

function readDirectives(physical: readonly string[], file: string): { escapeToken: string; next: number } {
  const seen = new Set<string>()
  let escapeToken = '\\'
  for (const [index, line] of physical.entries()) {
    const [, name = '', value = ''] = DIRECTIVE.exec(trimNewline(line).trim()) ?? []
    const key = name.toLowerCase()
    if (!KNOWN_DIRECTIVES.includes(key)) return { escapeToken, next: index }
    const at = { line: index + 1, column: 1 }
    if (seen.has(key)) throw dockerfileError(file, at, `only one ${key} parser directive can be used`)
    seen.add(key)
    if (key !== 'escape') continue
    if (value !== '\\' && value !== '`')
      throw dockerfileError(file, at, `invalid escape token '${value}' does not match \` or \\`)
    escapeToken = value
  }
  return { escapeToken, next: physical.length }
}

function readHeredocs(line: Joined, physical: readonly string[], next: number, file: string): Heredoc[] {
  if (!line.text.includes('<<') || !MAY_HAVE_HEREDOC.test(line.text) || isExecForm(line.text)) return []
  const found: Heredoc[] = []
  let index = next
  for (const opening of placed(line, file, () => [...heredocsIn(line.text)])) {
    const { name, chomp } = opening
    const content: string[] = []
    const ends = (text: string) => (chomp ? text.replace(/^\t+/, '') : text) === name
    const begin = index
    while (index < physical.length && !ends(trimNewline(physical[index]!))) content.push(physical[index++]!)
    if (index === physical.length) throw dockerfileError(file, line.at(opening.offset), 'unterminated heredoc')
    index++
    const text = content.map(each => `${chomp ? each.replace(/^\t+/, '') : each}\n`).join('')
    found.push({ ...opening, content: text, lines: index - begin })
  }
  return found
}

/** Gives what a line's parser threw its place in the file. */
export function placed<T>(line: Pick<LogicalLine, 'at'>, file: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof LineError)) throw error
    throw dockerfileError(file, line.at(error.offset), error.message, error)
  }
}

/** `RUN ["cat", "<<EOF"]` opens nothing. */
function isExecForm(text: string): boolean {
  return parseJsonWords(text.replace(/^(?:onbuild\s+)?\S+\s+(?:--\S+\s+)*/i, '')) !== undefined
}

function isComment(line: string): boolean {
  return line.trimStart().startsWith('#')
}

function trimNewline(line: string): string {
  return line.replace(/\r+$/, '')
}
