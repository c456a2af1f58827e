import { styleText } from 'node:util'
import { Command } from 'commander'
import { inLanguage, type Language } from '../lab/claim.ts'
import { type Diagnosis, diagnose } from '../lab/doctor.ts'
import { languageOption } from './check.ts'
import { print } from './session.ts'

// Without these the tour and the commands still work.
const OPTIONAL: readonly Diagnosis['needed'][] = ['comparing', 'notebooks']

export function command(): Command {
  return new Command()
    .description('Looks at what the lab stands on: what is here, what is missing, and how to get it.')
    .addOption(languageOption())
    .option('--json', 'as JSON')
    .action(async (flags: { lang: Language; json?: boolean }) => {
      const found = (await diagnose()).map(diagnosis => said(diagnosis, flags.lang))
      print(flags, found, () => found.map(line))
      process.exitCode = found.some(({ state, needed }) => state === 'missing' && !OPTIONAL.includes(needed)) ? 1 : 0
    })
}

function said({ seen, mend, ...about }: Diagnosis, language: Language) {
  return { ...about, seen: inLanguage(seen, language), mend: mend && inLanguage(mend, language) }
}

function line({ name, needed, state, seen, mend }: ReturnType<typeof said>): string {
  const mark =
    state === 'ok'
      ? styleText('green', '✔')
      : OPTIONAL.includes(needed)
        ? styleText('yellow', '·')
        : styleText('red', '✘')
  return `${mark} ${name.padEnd(9)} ${seen}${mend ? `\n            → ${mend}` : ''}`
}
