import { describeStep } from '../../runtime/plan/describe.ts'
import type { Step } from '../../runtime/plan/step.ts'
import type { Picture } from './picture.ts'
import { htmlTable, textTable } from './table.ts'

/** This is all a container is: the steps from a process to a container, each as the shell command it resembles. ≙ ocirun plan */
export function planPicture(steps: readonly Step[]): Picture {
  const rows = steps.map((step, i) => [i + 1, step.op, describeStep(step)])
  const head = ['step', 'operation', 'as a command']
  return {
    title: 'The plan of a container',
    text: textTable(head, rows),
    html: htmlTable('The plan of a container', head, rows),
  }
}
