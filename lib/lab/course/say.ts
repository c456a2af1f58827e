import { type Finding, inLanguage, type Language, type Text } from '../claim.ts'
import { CHECK_TYPE } from '../notebook/run.ts'
import type { MimeBundle } from '../screen.ts'
import { escapeHtml } from '../show/picture.ts'
import type { Report } from './course.ts'
import { inlineHtml } from './inline.ts'

/** Words that the engine itself says. */
const WORDS = {
  passed: { en: 'passed', zh: '通过' },
  failed: { en: 'not yet', zh: '还没有' },
  skipped: { en: 'left out', zh: '跳过' },
  seen: { en: 'seen', zh: '看到' },
  expected: { en: 'expected', zh: '期望' },
  where: { en: 'where', zh: '位置' },
  look: { en: 'look at', zh: '留意' },
  stuck: { en: 'Stuck?', zh: '卡住了？' },
} satisfies Record<string, Text>

const COLON = { en: ': ', zh: '：' } as const
const MARK = { pass: '✔', fail: '✘', skip: '·' } as const
const WORD = { pass: WORDS.passed, fail: WORDS.failed, skip: WORDS.skipped } as const
const COLOUR = { pass: '#1a7f37', fail: '#b35900', skip: '#57606a' } as const

/** What a check says, as lines: never the command that would mend it. */
export function reportLines({ check, finding, words }: Report, language: Language): string[] {
  const heading = `${MARK[finding.state]} ${check.id} ${check.claim[language]}${COLON[language]}${WORD[finding.state][language]}`
  if (finding.state === 'pass') return [heading, ...(words.debrief ? ['', words.debrief[language]] : [])]
  if (finding.state === 'skip') return [heading, `  ${inLanguage(finding.seen, language)}`]
  return [heading, ...detail(finding, language)]
}

function detail({ seen, expected, where, hint }: Finding, language: Language): string[] {
  const rows = [
    [WORDS.seen, seen],
    [WORDS.expected, expected],
    [WORDS.where, where],
    ...(hint ? [[WORDS.look, hint] as const] : []),
  ] as const
  return rows.map(([label, words]) => `  ${label[language]}${COLON[language]}${inLanguage(words, language)}`)
}

/** The same for a notebook: a coloured box, whose colour says nothing that its words do not. */
export function reportBundle(report: Report, language: Language): MimeBundle {
  const { check, finding, words } = report
  const help = finding.state === 'fail' ? [`  ${WORDS.stuck[language]} await lab.hint('${check.id}')`] : []
  const [heading = '', ...lines] = [...reportLines(report, language), ...help]
  const debrief = finding.state === 'pass' && words.debrief ? inlineHtml(words.debrief[language]) : undefined
  const body = debrief ?? lines.map(line => `<div>${escapeHtml(line.trim())}</div>`).join('')
  return {
    'text/plain': [heading, ...lines].join('\n'),
    'text/html': `<div style="border-left: 4px solid ${COLOUR[finding.state]}; padding: 4px 12px"><strong>${escapeHtml(heading)}</strong>${body}</div>`,
    [CHECK_TYPE]: { id: check.id, ...finding },
  } as MimeBundle
}
