import { dockerfileError } from './error.ts'
import type { Instruction, InstructionOf } from './instruction.ts'
import { readLines } from './lines.ts'
import { parseInstruction } from './parse.ts'

/** FROM and all up to the next one. */
export interface Stage {
  readonly from: InstructionOf<'FROM'>
  readonly instructions: readonly Instruction[]
}

export interface Dockerfile {
  readonly file: string
  /** The ARGs before the first FROM. */
  readonly args: readonly InstructionOf<'ARG'>[]
  readonly stages: readonly Stage[]
  readonly escapeToken: string
  readonly warnings: readonly string[]
}

/** Reads a Dockerfile. Throws `DOCKERFILE_INVALID`; `file` is what its errors call it. */
export function parseDockerfile(text: string, file = 'Dockerfile'): Dockerfile {
  const { lines, escapeToken, warnings } = readLines(text, file)
  const args: InstructionOf<'ARG'>[] = []
  const stages: { from: InstructionOf<'FROM'>; instructions: Instruction[] }[] = []
  for (const line of lines) {
    const instruction = parseInstruction(line, escapeToken, file)
    const stage = stages.at(-1)
    if (instruction.keyword === 'FROM') stages.push({ from: instruction, instructions: [] })
    else if (stage) stage.instructions.push(instruction)
    else if (instruction.keyword === 'ARG') args.push(instruction)
    else throw dockerfileError(file, line.start, 'no build stage in current context')
  }
  if (lines.length === 0) throw dockerfileError(file, { line: 1, column: 1 }, 'file with no instructions')
  if (stages.length === 0) throw dockerfileError(file, lines[0]!.start, 'no build stage in current context')
  return { file, args, stages, escapeToken, warnings }
}

/** A trigger an image brings along, as an instruction. */
export function parseTrigger(text: string): Instruction {
  const { lines, escapeToken } = readLines(text, 'ONBUILD')
  return parseInstruction(lines[0]!, escapeToken, 'ONBUILD')
}
