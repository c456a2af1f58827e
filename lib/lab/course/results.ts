import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../../bytes/file.ts'
import { type Finding, inLanguage, type Words } from '../claim.ts'
import type { Report } from './course.ts'

/** How a course stands, in the shape of exercism's results.json (test runner interface, version 3). */
export interface Results {
  readonly version: 3
  /** `error` when no step could be looked at, each check being broken; skipped steps do not count. */
  readonly status: 'pass' | 'fail' | 'error'
  /** With `error` only. */
  readonly message?: string
  readonly tests: readonly TestResult[]
}

export interface TestResult {
  /** `03.1 the layout holds the image` */
  readonly name: string
  readonly task_id: number
  readonly test_code: string
  /** `error` when the check itself broke. */
  readonly status: 'pass' | 'fail' | 'error'
  readonly message?: string
  readonly output?: string
}

/** The results of these steps; what this machine cannot look at is left out. */
export function resultsOf(reports: readonly Pick<Report, 'check' | 'finding'>[]): Results {
  return overall(reports.filter(({ finding }) => finding.state !== 'skip').map(resultOf))
}

/** Writes `.ocilab/results.json`: these results, and those of other steps that are already there. */
export async function writeResults(root: string, reports: readonly Report[]): Promise<void> {
  const path = join(root, '.ocilab', 'results.json')
  const fresh = resultsOf(reports).tests
  const ids = new Set(reports.map(({ check }) => check.id))
  const kept = readTests(path).filter(({ test_code }) => !ids.has(test_code))
  const tests = [...kept, ...fresh].sort((a, b) => a.test_code.localeCompare(b.test_code, 'en', { numeric: true }))
  await mkdir(join(root, '.ocilab'), { recursive: true })
  await writeFileAtomically(path, `${JSON.stringify(overall(tests), null, 2)}\n`)
}

function resultOf({ check, finding }: Pick<Report, 'check' | 'finding'>): TestResult {
  const [lesson = '', step = ''] = check.id.split('.')
  return {
    name: `${check.id} ${check.claim.en}`,
    task_id: Number(lesson) * 100 + Number(step),
    test_code: check.id,
    status: finding.state === 'pass' ? 'pass' : finding.broken ? 'error' : 'fail',
    ...(finding.state === 'pass' ? {} : { message: messageOf(finding) }),
  }
}

function messageOf({ seen, expected, where, hint }: Finding): string {
  const english = (words: Words) => inLanguage(words, 'en')
  const lines = [`seen: ${english(seen)}`, `expected: ${english(expected)}`, `where: ${english(where)}`]
  return [...lines, ...(hint ? [`hint: ${english(hint)}`] : [])].join('\n')
}

function overall(tests: readonly TestResult[]): Results {
  if (tests.every(({ status }) => status === 'error'))
    return { version: 3, status: 'error', message: tests[0]?.message ?? 'no step could be looked at', tests }
  return { version: 3, status: tests.every(({ status }) => status === 'pass') ? 'pass' : 'fail', tests }
}

function readTests(path: string): TestResult[] {
  if (!existsSync(path)) return []
  try {
    return JSON.parse(readFileSync(path, 'utf8')).tests ?? []
  } catch {
    return []
  }
}
