import { describe, expect, it } from 'vitest'
import { buildNotebook, type Notebook, writeNotebook } from './build.ts'
import { courseNotebooks, staleNotebooks } from './course.ts'
import { lessonNames, readLesson } from './words.ts'

const code = ({ cells }: Notebook) => cells.filter(({ cell_type }) => cell_type === 'code')

describe('the committed notebooks', () => {
  it('are what their sources make of them (else: npx ocilab notebook build)', () =>
    expect(staleNotebooks()).toEqual([]))
  it('are there in both languages', () => expect(courseNotebooks()).toHaveLength(2 * lessonNames().length))
})

describe.each(lessonNames())('%s', name => {
  const source = readLesson(name)
  const [en, zh] = [buildNotebook(source, 'en'), buildNotebook(source, 'zh')]

  it('has the same code in both languages', () => expect(code(zh)).toEqual(code(en)))
  it('has ids that Jupyter takes, each once', () => {
    const ids = en.cells.map(({ id }) => id)
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9-_]{1,64}$/)
    expect(new Set(ids).size).toBe(ids.length)
  })
  it('has no solution in it, and the solved one has no stub', () => {
    const solutions = source.parts.flatMap(part =>
      part.kind === 'cell' && part.role === 'solution' ? [part.code] : [],
    )
    for (const solution of solutions) expect(writeNotebook(en)).not.toContain(JSON.stringify(solution))
    const solved = code(buildNotebook(source, 'en', 'solved')).map(cell => cell.source.join(''))
    expect(solved.join('\n')).not.toContain('TODO(')
    for (const solution of solutions) expect(solved).toContain(solution)
  })
  it('keeps its outputs out of git', () => {
    for (const { outputs, execution_count } of code(en)) expect([outputs, execution_count]).toEqual([[], null])
  })
})
