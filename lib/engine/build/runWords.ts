import { commandWords } from './configure.ts'
import type { InstructionOf } from './dockerfile/instruction.ts'
import type { BuildConfig } from './imageState.ts'

/** Where a script of RUN's is found. */
export const SCRIPTS = '/dev/pipes'

/**
 * The words of a RUN's command. `RUN <<EOF` is a script for the shell, or a program of its own if it begins with `#!`;
 * `RUN command <<EOF` is a line for the shell, which knows heredocs itself.
 */
export function runWords(it: InstructionOf<'RUN'>, config: BuildConfig): { args: string[]; script?: string } {
  const { command, files } = it
  if (command.form === 'exec' || files.length === 0) return { args: commandWords(command, config) ?? [] }
  const [only] = files
  if (files.length === 1 && /^<<-?\s*\S+$/.test(command.text)) {
    const { content } = only!
    return { args: commandWords({ form: 'shell', text: content }, config)!, script: content }
  }
  const text = [command.text, ...files.map(({ content, name }) => content + name)].join('\n')
  return { args: commandWords({ form: 'shell', text }, config)! }
}

/** True for a script that names its own interpreter. */
export function isProgram(script: string): boolean {
  return script.startsWith('#!')
}
