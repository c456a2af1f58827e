import { inLanguage, type Language, type Text, type Words } from '../claim.ts'
import type { Diagnosis } from '../doctor.ts'
import type { MimeBundle } from '../screen.ts'
import { escapeHtml } from '../show/picture.ts'
import type { Report } from './course.ts'

const SENTENCES = {
  reset: { en: '{0} is undone (removed: {1})', zh: '{0} 已重置（删除了：{1}）' },
  noted: { en: 'noted: you expect {0}', zh: '记下了：你预计是 {0}' },
  foreseen: { en: 'it is {0}, as you expected', zh: '是 {0}，和你预计的一样' },
  surprise: {
    en: 'it is {0}; you expected {1}: what explains the difference?',
    zh: '是 {0}；你预计的是 {1}：差别从何而来？',
  },
  unpredicted: { en: 'it is {0}', zh: '是 {0}' },
  refused: { en: 'refused, as it should be:', zh: '如期被拒绝：' },
  cleaned: { en: 'taken back: {0} changes of this machine', zh: '已收回对本机的 {0} 处改动' },
  none: { en: 'none', zh: '没有残留' },
  hint: { en: 'hint {0} of {1}: {2}', zh: '提示 {0}/{1}：{2}' },
  lastHint: {
    en: "That was the last hint. await lab.reveal('{0}') shows the solution.",
    zh: "提示到此为止。await lab.reveal('{0}') 可以看解答。",
  },
  solution: {
    en: 'A solution of {0}; any other way that passes the check is as good:',
    zh: '{0} 的一种解法；凡能通过检查的做法都一样好：',
  },
  leftOver: {
    en: 'Still there from before: {0}. Go on with it, or take it back with: await lab.cleanup()',
    zh: '先前留下的还在：{0}。可以接着用，也可以收回：await lab.cleanup()',
  },
  folder: { en: 'This lesson is worked on in {0}', zh: '本课的工作目录：{0}' },
  bytes: { en: '{0} bytes', zh: '{0} 字节' },
  already: { en: '{0} bytes, already there', zh: '{0} 字节，已有' },
  gone: { en: 'was so, and is no more', zh: '做到过，现在已不在' },
  hints: { en: 'hints: {0}', zh: '提示：{0}' },
  tally: { en: '{0} of {1} steps done', zh: '已完成 {0}/{1} 步' },
} satisfies Record<string, Text>

/** A sentence of the engine, with its gaps filled. */
export function translated(name: keyof typeof SENTENCES, language: Language, ...gaps: string[]): string {
  return SENTENCES[name][language].replace(/\{(\d)\}/g, (_, index) => gaps[Number(index)] ?? '')
}

/** The hints that may be seen, the newest last. */
export function hintWords(id: string, hints: readonly Text[], of: number, language: Language): string {
  const lines = hints.map((hint, index) => translated('hint', language, `${index + 1}`, `${of}`, hint[language]))
  return [...lines, ...(hints.length === of ? [translated('lastHint', language, id)] : [])].join('\n')
}

export function solutionWords(id: string, solution: readonly string[], language: Language): string {
  return [translated('solution', language, id), '', ...solution].join('\n')
}

/** What this machine has of what a lesson needs. */
export function table(
  found: readonly Diagnosis[],
  folder: string,
  language: Language,
  leftOver: readonly string[] = [],
): MimeBundle {
  const say = (words: Words) => inLanguage(words, language)
  const rows = found.map(({ name, state, seen, mend }) => [
    state === 'ok' ? '✔' : '✘',
    name,
    mend ? `${say(seen)} → ${say(mend)}` : say(seen),
  ])
  const lines = [
    translated('folder', language, folder),
    ...(leftOver.length > 0 ? [translated('leftOver', language, leftOver.join(language === 'zh' ? '、' : ', '))] : []),
  ]
  return {
    'text/plain': [...rows.map(row => row.join('  ')), ...lines].join('\n'),
    'text/html': `${tableOf(rows)}${lines.map(line => `<div>${escapeHtml(line)}</div>`).join('')}`,
  }
}

/** How the steps of a lesson stand. */
export function summary(reports: readonly Report[], language: Language): MimeBundle {
  const mark = { pass: '✔', fail: '✘', skip: '·' }
  const rows = reports.map(({ check, finding, before }) => {
    // A container that ran and was removed has been run.
    const gone = finding.state === 'fail' && before.passed
    const notes = [
      ...(gone ? [translated('gone', language)] : []),
      ...(before.hints ? [translated('hints', language, `${before.hints}`)] : []),
    ]
    return [gone ? mark.pass : mark[finding.state], check.id, check.claim[language], notes.join(', ')]
  })
  const done = reports.filter(({ finding, before }) => finding.state === 'pass' || before.passed).length
  const tally = translated('tally', language, `${done}`, `${reports.length}`)
  return {
    'text/plain': [...rows.map(row => row.join('  ').trimEnd()), tally].join('\n'),
    'text/html': `${tableOf(rows)}<div>${escapeHtml(tally)}</div>`,
  }
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]) =>
    row.map(cell => `<td style="text-align: left">${escapeHtml(cell)}</td>`).join('')
  return `<table>${rows.map(row => `<tr>${cells(row)}</tr>`).join('')}</table>`
}
