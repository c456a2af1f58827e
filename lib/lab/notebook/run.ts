import type { Execution, KernelClient } from '../jupyter/client.ts'
import type { Notebook, NotebookCell } from './build.ts'

/** A notebook that was run: with its outputs, and with what went wrong. */
export interface RunResult {
  readonly notebook: Notebook
  readonly failures: readonly CellFailure[]
  /** How each check ended, by its id. */
  readonly checks: Readonly<Record<string, 'pass' | 'fail' | 'skip'>>
}

export interface CellFailure {
  /** The cell's id. */
  readonly cell: string
  readonly what: string
}

export interface RunOptions {
  /** Milliseconds for each cell. */
  readonly timeout?: number
  /** Called before each code cell. */
  onCell?(cell: NotebookCell): void
}

/** Where a check puts its result for programs: beside the form for people. */
export const CHECK_TYPE = 'application/vnd.ocilab.check+json'

/**
 * Runs all cells of a notebook, one after the other. Everything that a learner would stumble over is a failure: a reply
 * that is not `ok`, a cell that was not run, anything on stderr, a cell that takes too long.
 */
export async function runNotebook(
  notebook: Notebook,
  kernel: KernelClient,
  options: RunOptions = {},
): Promise<RunResult> {
  const failures: CellFailure[] = []
  const checks: Record<string, 'pass' | 'fail' | 'skip'> = {}
  const cells: NotebookCell[] = []
  const left: string[] = []
  let over = false
  for (const cell of notebook.cells) {
    if (cell.cell_type === 'markdown') cells.push(cell)
    else if (over) {
      left.push(cell.id)
      cells.push(cell)
    } else {
      options.onCell?.(cell)
      const execution = await execute(cell, kernel, options.timeout)
      const wrong = whatIsWrong(execution)
      failures.push(...wrong.map(what => ({ cell: cell.id, what })))
      if (execution instanceof Error || execution.status !== 'ok') over = true
      if (execution instanceof Error) cells.push(cell)
      else {
        cells.push({ ...cell, execution_count: execution.count, outputs: execution.outputs })
        Object.assign(checks, checksOf(execution))
      }
    }
  }
  if (left.length > 0)
    failures.push({ cell: left[0]!, what: `it was not run, nor were the ${left.length - 1} after it` })
  if (!over) {
    // What the last cell lost shows itself in the next one; there is none, so an empty one is run.
    const settled = await execute({ id: 'after the last cell', source: [''] }, kernel, options.timeout)
    failures.push(...whatIsWrong(settled).map(what => ({ cell: 'after the last cell', what })))
  }
  return { notebook: { ...notebook, cells }, failures, checks }
}

type Ran = Execution | Error

async function execute(
  { source }: Pick<NotebookCell, 'id' | 'source'>,
  kernel: KernelClient,
  timeout?: number,
): Promise<Ran> {
  try {
    return await kernel.execute(source.join(''), { timeout })
  } catch (error) {
    return error as Error
  }
}

function whatIsWrong(execution: Ran): string[] {
  if (execution instanceof Error) return [execution.message]
  if (execution.status !== 'ok') return [execution.error ?? `its status is ${execution.status}`]
  const stderr = execution.outputs.flatMap(output =>
    output.output_type === 'stream' && output.name === 'stderr' ? [output.text] : [],
  )
  return stderr.map(text => `it wrote to stderr: ${text.trim()}`)
}

function checksOf({ outputs }: Execution): RunResult['checks'] {
  const results = outputs.flatMap(output =>
    output.output_type === 'display_data' && CHECK_TYPE in output.data ? [output.data[CHECK_TYPE]] : [],
  ) as { id: string; state: 'pass' | 'fail' | 'skip' }[]
  return Object.fromEntries(results.map(({ id, state }) => [id, state]))
}
