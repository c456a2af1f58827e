import { styleText } from 'node:util'
import { Command, Option } from 'commander'
import type { LabEvent } from '../events.ts'
import { type Claim, type Finding, inLanguage, type Language } from '../lab/claim.ts'
import type { Lab } from '../lab/lab.ts'
import type { Step } from '../lab/step.ts'
import { steps } from '../lab/steps/all.ts'
import { type TourGuide, type TourResult, tour } from '../lab/tour.ts'
import { session } from './session.ts'

// Long outputs are shown by their beginning: the point of a step is seen in a screenful.
const SCREENFUL = 30

interface TourFlags {
  image: string
  runtime: string
  id: string
  lang: Language
  json?: boolean
}

export function command(): Command {
  return new Command()
    .description("Walks through the article, live: every step with the real tool's command, what came out, and checks.")
    .addOption(new Option('--image <name>', 'tiny, java, hub, or any image name').default('tiny'))
    .addOption(new Option('--runtime <name>', 'ocirun (ours), runc, crun, or the path of a runtime').default('ocirun'))
    .addOption(
      new Option('--id <id>', "lab id; another than default leaves the article's own names alone").default('default'),
    )
    .addOption(new Option('--lang <language>', 'language of the words').choices(['en', 'zh']).default(language()))
    .option('--json', 'findings as JSON, one a line')
    .action(async (flags: TourFlags) => {
      const guide = flags.json ? machine() : terminal(flags.lang)
      const result = await session({ quiet: !flags.json }, options => tour({ ...flags, signal: options.signal }, guide))
      if (!flags.json) process.stdout.write(ending(result, flags.lang))
      process.exitCode = result.failed.length > 0 ? 1 : 0
    })
}

function language(): Language {
  return /^zh/.test(process.env.LC_ALL ?? process.env.LANG ?? '') ? 'zh' : 'en'
}

function machine(): TourGuide {
  const line = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
  return {
    opened: lab => line({ type: 'opened', image: lab.demo.name }),
    step: step => line({ type: 'step', id: step.id, title: step.title.en }),
    event: event => event.type === 'command' && line(event),
    output: lines => line({ type: 'output', lines }),
    checked: (check, finding) => line({ type: 'check', id: check.id, ...finding }),
    skipped: (step, reason) => line({ type: 'skipped', id: step.id, reason }),
  }
}

function terminal(lang: Language): TourGuide {
  const out = (text: string) => void process.stdout.write(`${text}\n`)
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    styleText(format, text, { stream: process.stdout })
  return {
    opened: lab => out(style('bold', `ocilab tour: ${lab.demo.name} (${lab.runtime.name})`)),
    step: (step: Step) => {
      out(
        `\n${style(['bold', 'blue'], `${step.id}/${steps.length} ${step.title[lang]}`)}  ${style('dim', step.section)}`,
      )
      out(`${step.why[lang]}\n`)
    },
    event: (event: LabEvent) => {
      if (event.type === 'command') out(style('cyan', `  $ ${event.line}`))
    },
    output: lines => {
      for (const line of lines.slice(0, SCREENFUL)) out(`    ${line}`)
      if (lines.length > SCREENFUL) out(style('dim', `    … ${lines.length - SCREENFUL} more lines`))
    },
    checked: (check, finding) => out(verdict(check, finding, lang, style)),
    skipped: (step, reason) =>
      out(`\n${style('dim', `${step.id}/${steps.length} ${step.title[lang]}: left out, ${reason}`)}`),
  }
}

type Style = (format: Parameters<typeof styleText>[0], text: string) => string

function verdict(check: Claim<Lab>, finding: Finding, lang: Language, style: Style): string {
  if (finding.state === 'pass') return `  ${style('green', '✔')} ${check.id} ${check.claim[lang]}`
  const lines = [
    `  ${style('red', '✘')} ${check.id} ${check.claim[lang]}`,
    `      seen:     ${inLanguage(finding.seen, lang)}`,
    `      expected: ${inLanguage(finding.expected, lang)}`,
    `      where:    ${inLanguage(finding.where, lang)}`,
  ]
  return [...lines, ...(finding.hint ? [`      hint:     ${inLanguage(finding.hint, lang)}`] : [])].join('\n')
}

function ending(result: TourResult, lang: Language): string {
  const counted = `${result.passed} checks passed, ${result.failed.length} failed, ${result.skipped.length} steps left out`
  const next = {
    en: 'Every step is a file in lib/lab/steps: read on there.',
    zh: '每一步都是 lib/lab/steps 里的一个文件，接着读代码吧。',
  }
  return `\n${counted}\n${result.failed.length === 0 ? `${next[lang]}\n` : ''}`
}
