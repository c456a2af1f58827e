import { describe, expect, it } from 'vitest'
import { isOciError } from '../../errors.ts'
import { parseLesson } from './source.ts'
import { stepsOf, wordsOf } from './words.ts'

const HEAD = '---\nneeds: root\nminutes: 1 2\narticle: 标题\n---\n'
const parse = (body: string) => parseLesson('08-x', `${HEAD}${body}`)

describe('a lesson', () => {
  const lesson = parse(
    [
      '::: title en\nT\n::: title zh\n题',
      '::: step 08.1',
      '::: why en\none\n\ntwo\n```sh\nip link\n```\n::: why zh\n一',
      '```ts exercise\n// TODO(08.1): x\n```',
      '```ts solution\nconst a = `\n`\n```',
      '::: hint en\nh1\n::: hint zh\n提1\n::: hint en\nh2\n::: hint zh\n提2',
      '::: end\n::: text en\nbye\n::: text zh\n再见',
    ].join('\n'),
  )
  it('has a head', () => expect(lesson.head).toEqual({ needs: 'root', minutes: '1 2', article: '标题' }))
  it('has steps, and parts outside of them', () => {
    expect(stepsOf(lesson)).toEqual(['08.1'])
    expect(lesson.parts.map(({ step }) => step)).toEqual([undefined, ...Array(5).fill('08.1'), undefined])
  })
  it('keeps paragraphs, and fences that are no cells, as prose', () => {
    expect(lesson.parts[1]).toMatchObject({ text: { en: 'one\n\ntwo\n```sh\nip link\n```', zh: '一' } })
  })
  it('has cells with their code as it is', () => {
    expect(lesson.parts[3]).toMatchObject({ role: 'solution', code: 'const a = `\n`' })
  })
  it('has words for its steps', () => {
    expect(wordsOf(lesson, '08.1')).toMatchObject({
      hints: [
        { en: 'h1', zh: '提1' },
        { en: 'h2', zh: '提2' },
      ],
      solution: ['const a = `\n`'],
    })
  })
})

describe('a mistake of the author is told with its line', () => {
  it.each([
    ['words', '6: text outside of a block'],
    ['::: nonesuch en\nx', '6: no such block: nonesuch'],
    ['::: why fr\nx', '6: why fr: want en or zh'],
    ['::: why en\n::: why zh\nx', '6: why en: it is empty'],
    ['::: why zh\nx', '6: why zh: want why en right before it'],
    ['::: step 09.1', '6: step 09.1'],
    ['::: step', '6: step'],
    ['```ts nonesuch\n```', '6: no such kind of cell: nonesuch'],
    ['```ts do\nx', '6: this cell has no end'],
  ])('%j', (body, message) => {
    expect(() => parse(body)).toThrow(`08-x.md:${message}`)
    try {
      parse(body)
    } catch (error) {
      expect(isOciError(error, 'CONFIG_INVALID')).toBe(true)
    }
  })
  it('as is a head that is none', () => {
    expect(() => parseLesson('x', 'text')).toThrow('no front matter')
    expect(() => parseLesson('x', '---\nneeds: x')).toThrow('no end')
    expect(() => parseLesson('x', '---\nneeds\n---')).toThrow('x.md:2: needs: want name: value')
  })
})
