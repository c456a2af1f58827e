import { describe, expect, it } from 'vitest'
import type { Lesson } from '../course/lesson.ts'
import { lessons } from '../course/lessons/all.ts'
import { lintCourse, lintLesson } from './lint.ts'
import { parseLesson } from './source.ts'

const block = (kind: string, words = 'words') => `::: ${kind} en\n${words}\n::: ${kind} zh\n文字\n${words}\n`
const GOOD = `---
needs: root
minutes: 5 10
article:
---
${block('title')}${block('why')}
::: step 08.1
${block('title')}${block('objective')}${block('why')}
\`\`\`ts exercise
// TODO(08.1): do it
await lab.answer('08.1', 0)
\`\`\`
\`\`\`ts solution
await lab.answer('08.1', 1)
\`\`\`
${block('hint', 'first')}${block('hint', 'second')}${block('hint', 'third')}${block('debrief')}
::: end
${block('text')}`

const check = { id: '08.1', claim: { en: '', zh: '' }, look: () => Promise.reject(new Error()) }
const lesson: Lesson = { id: '08-x', needs: ['root'], checks: [check] }
const lint = (source: string, code: Lesson = lesson) => lintLesson(parseLesson('08-x', source), code)

it('the course has nothing to complain of', () => expect(lintCourse(lessons)).toEqual([]))

it('a lesson without a source, and a source without a lesson, are told', () => {
  const told = lintCourse([...lessons.slice(1), lesson]).join('\n')
  expect(told).toContain('08-x: no notebooks/src/08-x.md')
  expect(told).toContain(`${lessons[0]!.id}.md: no lesson of that name`)
})

describe('what is told', () => {
  it('nothing of a good lesson', () => expect(lint(GOOD)).toEqual([]))

  it.each<[string, (good: string) => string, string]>([
    [
      'an unknown need',
      s => s.replace('needs: root', 'needs: root nonesuch'),
      'needs nonesuch: ocilab doctor does not',
    ],
    [
      'needs that its checks do not have',
      s => s.replace('needs: root', 'needs: linux'),
      'needs linux, but its checks need root',
    ],
    ['no minutes', s => s.replace('minutes: 5 10', 'minutes: soon'), 'minutes soon (want two numbers'],
    ['no title', s => s.replace(block('title'), ''), '08-x.md: no title outside of the steps'],
    ['nothing to remember', s => s.replace(block('text'), ''), 'no text outside of the steps'],
    ['two hints', s => s.replace(block('hint', 'third'), ''), 'step 08.1: hint: 2 of them (want 3)'],
    [
      'a hint twice',
      s => s.replace(block('hint', 'third'), block('hint', 'first')),
      'step 08.1: hint 3 zh: the same as another',
    ],
    ['no debrief', s => s.replace(block('debrief'), ''), 'step 08.1: debrief: 0 of them'],
    ['no objective', s => s.replace(block('objective'), ''), 'step 08.1: objective: 0 of them'],
    ['no stub', s => s.replace('ts exercise', 'ts do'), 'step 08.1: no exercise'],
    ['a stub of another step', s => s.replace('TODO(08.1)', 'TODO(08.2)'), 'no exercise says // TODO(08.1)'],
    ['no solution', s => s.replace('ts solution', 'ts see'), 'step 08.1: no solution'],
    [
      'a step without a check',
      s => s.replace('::: end', `::: step 08.2\n${block('title')}::: end`),
      'its steps are 08.1 08.2, its checks 08.1',
    ],
    [
      'a long cell',
      s => s.replace('// TODO(08.1): do it', '// TODO(08.1): do it'.concat('\n//'.repeat(12))),
      'a cell of 14 lines (want at most 12)',
    ],
    ['an empty cell', s => s.replace("await lab.answer('08.1', 1)", ''), 'an empty cell'],
    [
      'a forgotten await',
      s => s.replace("await lab.answer('08.1', 1)", "lab.answer('08.1', 1)"),
      'a promise that is not awaited',
    ],
    ['one language only', s => s.replace('::: debrief zh\n文字\nwords\n', ''), 'debrief zh: it is missing'],
    [
      'another first heading',
      s => s.replace(block('text'), block('text', '# Big')),
      'text en: a heading of the first level',
    ],
    [
      'a long why',
      s => s.replace(block('why'), block('why', 'word '.repeat(121))),
      'why en: 121 words (want at most 120)',
    ],
    [
      'a dead link',
      s => s.replace(block('text'), block('text', '[x](../nonesuch.md)')),
      'the link ../nonesuch.md leads nowhere',
    ],
    ['a half link', s => s.replace(block('text'), block('text', '[x](http://x)')), 'the link http://x leads nowhere'],
  ])('%s', (_, spoil, message) => {
    const spoiled = spoil(GOOD)
    expect(spoiled).not.toBe(GOOD)
    expect(lint(spoiled).join('\n')).toContain(message)
  })

  it.each([
    ['a link to a file of the course', block('text', '[x](03-oci-layout.ipynb#a)')],
    ['a whole link', block('text', '[x](https://opencontainers.org/)')],
    ['what looks like a heading in a fence', block('text', '```sh\n# a comment\n[x](y)\n```')],
  ])('not %s', (_, text) => expect(lint(GOOD.replace(block('text'), text))).toEqual([]))
})
