import type { LabEvent, Options } from '../events.ts'
import { type Claim, type Finding, type Language, look } from './claim.ts'
import { openJournal } from './journal.ts'
import { type Lab, type LabOptions, openLab } from './lab.ts'
import type { Step } from './step.ts'
import { steps } from './steps/all.ts'

/** What the tour tells while it goes: a terminal draws it, a test collects it. */
export interface TourGuide {
  opened(lab: Lab): void
  step(step: Step): void
  event(event: LabEvent): void
  output(lines: readonly string[]): void
  checked(check: Claim<Lab>, finding: Finding): void
  skipped(step: Step, reason: string): void
}

export interface TourOptions extends LabOptions {
  signal?: AbortSignal
  language?: Language
}

/** How the tour went: `failed` names the checks that did not hold. */
export interface TourResult {
  readonly passed: number
  readonly failed: string[]
  readonly skipped: string[]
}

/** Walks through the whole article, live, and checks every step. Whatever happens, the machine is left as it was. */
export async function tour(choice: TourOptions, guide: TourGuide): Promise<TourResult> {
  const journal = openJournal(choice.id ?? 'default')
  const options: Options = {
    signal: choice.signal,
    onEvent(event) {
      journal.onEvent(event)
      guide.event(event)
    },
  }
  try {
    const { lab, close } = await openLab(choice, options)
    try {
      guide.opened(lab)
      return await walk(lab, guide, options)
    } finally {
      await close()
    }
  } finally {
    // After a good walk there is nothing to take back; after a failure or an interrupt there is.
    await journal.undo()
    journal.close()
  }
}

async function walk(lab: Lab, guide: TourGuide, options: Options): Promise<TourResult> {
  const result = { passed: 0, failed: [] as string[], skipped: [] as string[] }
  const notRoot = whyNotRoot()
  for (const step of steps) {
    const reason = (step.root ? notRoot : undefined) ?? (await step.unfit?.(lab))
    if (reason) {
      guide.skipped(step, reason)
      result.skipped.push(step.id)
      continue
    }
    guide.step(step)
    guide.output(await step.run(lab, options))
    for (const check of step.checks) {
      const finding = await look(check, lab)
      guide.checked(check, finding)
      if (finding.state === 'pass') result.passed++
      else result.failed.push(check.id)
    }
    // Later steps stand on this one: going on would only bury what went wrong.
    if (result.failed.length > 0) break
  }
  return result
}

function whyNotRoot(): string | undefined {
  if (process.platform !== 'linux') return 'it needs a Linux kernel: see lab-vm/'
  if (process.getuid?.() !== 0) return 'it needs root: run it again with sudo, or in the lab VM'
  return undefined
}
