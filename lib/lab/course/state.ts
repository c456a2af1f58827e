import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../../bytes/file.ts'
import { withLock } from '../../transport/lock.ts'

/** What is remembered of one step. */
export interface StepState {
  readonly passed?: boolean
  /** How many hints were shown: 0 to 3. */
  readonly hints?: number
  /** The solution was asked for before the check passed. */
  readonly revealed?: boolean
  readonly answer?: unknown
  readonly prediction?: unknown
}

/** What is remembered of the course, in `.ocilab/state.json`. */
export interface CourseState {
  readonly version: 1
  readonly steps: Readonly<Record<string, StepState>>
  /** What runs for a lesson, by `LESSON/NAME`: its address. */
  readonly services: Readonly<Record<string, string>>
}

const EMPTY: CourseState = { version: 1, steps: {}, services: {} }

function file(root: string): string {
  return join(root, '.ocilab', 'state.json')
}

/** Reads what is remembered. A file that was spoiled counts as none: the checks look at the machine, not at it. */
export function readState(root: string): CourseState {
  if (!existsSync(file(root))) return EMPTY
  try {
    const state = JSON.parse(readFileSync(file(root), 'utf8'))
    return state?.version === 1 ? { ...EMPTY, ...state } : EMPTY
  } catch {
    return EMPTY
  }
}

/** Changes what is remembered. A notebook and a terminal may do so at once: one waits for the other. */
export async function changeState(root: string, change: (state: CourseState) => CourseState): Promise<void> {
  await mkdir(join(root, '.ocilab'), { recursive: true })
  await withLock(`${file(root)}.lock`, async () => {
    const before = readState(root)
    // A spoiled file is kept beside: somebody may want to mend it.
    if (before === EMPTY && existsSync(file(root))) await rename(file(root), `${file(root)}.spoiled`)
    await writeFileAtomically(file(root), `${JSON.stringify(change(before), null, 2)}\n`)
  })
}

/** Changes what is remembered of one step; `undefined` forgets it. */
export function changeStep(root: string, id: string, change: StepState | undefined): Promise<void> {
  return changeState(root, state => {
    const { [id]: before, ...others } = state.steps
    return { ...state, steps: change ? { ...others, [id]: { ...before, ...change } } : others }
  })
}
