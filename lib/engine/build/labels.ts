import type { Dockerfile } from './dockerfile/dockerfile.ts'
import type { Instruction } from './dockerfile/instruction.ts'

/** `--label`s are LABELs at the end of the stage that is built; its values are taken word for word. */
export function withLabels(
  dockerfile: Dockerfile,
  { labels = {}, target }: { labels?: Readonly<Record<string, string>>; target?: string },
): Dockerfile {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  if (pairs.length === 0) return dockerfile
  const { escapeToken, stages } = dockerfile
  const literal = (text: string) =>
    text.replace(/[$'"\\`]/g, character =>
      character === '`' && escapeToken !== '`' ? character : `${escapeToken}${character}`,
    )
  const position = { line: 1, column: 1 }
  const instructions = pairs.map(([name, value]): Instruction => {
    const text = `LABEL ${name}=${value}`
    const line = { text, start: position, lastLine: 1, heredocs: [], at: () => position }
    return { keyword: 'LABEL', pairs: [[literal(name), literal(value)]], text, line }
  })
  const last = stages.findIndex(({ from }, index) => from.as === target?.toLowerCase() || String(index) === target)
  const labelled = target === undefined || last < 0 ? stages.length - 1 : last
  return {
    ...dockerfile,
    stages: stages.map((stage, index) =>
      index === labelled ? { ...stage, instructions: [...stage.instructions, ...instructions] } : stage,
    ),
  }
}
