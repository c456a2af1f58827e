import { describeStep } from '../../runtime/plan/describe.ts'
import type { Step } from '../../runtime/plan/step.ts'
import { escapeHtml, inBoth, type Picture } from './picture.ts'
import { type Cell, htmlTable, type Markup, textTable } from './table.ts'

// So many of a kind in a row are shown as one that can be unfolded.
const MANY = 4

/** This is all a container is: the steps from a process to a container, each as the shell command it resembles. ≙ ocirun plan */
export function planPicture(steps: readonly Step[]): Picture {
  const rows = steps.map((step, i): Row => [i + 1, step.op, describeStep(step)])
  return inBoth(say => {
    const title = say({ en: 'The plan of a container', zh: '容器的计划' })
    const head = HEAD.map(say)
    return { title, text: textTable(head, rows), html: htmlTable(title, head, runsOf(rows).flatMap(folded)) }
  })
}

type Row = readonly [number: number, operation: string, command: string]

const HEAD = [
  { en: 'step', zh: '步骤' },
  { en: 'operation', zh: '操作' },
  { en: 'as a command', zh: '相当于命令' },
]

/** Steps of one operation that follow each other. */
function runsOf(rows: readonly Row[]): Row[][] {
  const runs: Row[][] = []
  for (const row of rows) {
    const last = runs.at(-1)
    if (last?.[0]?.[1] === row[1]) last.push(row)
    else runs.push([row])
  }
  return runs
}

function folded(run: readonly Row[]): readonly (readonly (Cell | Markup)[])[] {
  if (run.length < MANY) return run
  const [[first, operation, command], [last]] = [run[0]!, run.at(-1)!]
  const commands = run.map(([number, , command]) => `${number}  ${command}`).join('\n')
  const html = `<details><summary>${escapeHtml(command)} …</summary><pre>${escapeHtml(commands)}</pre></details>`
  return [[`${first}–${last}`, `${operation} × ${run.length}`, { html }]]
}
