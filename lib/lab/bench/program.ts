import { spawn } from 'node:child_process'
import { OciError } from '../../errors.ts'
import type { Contender } from './suite.ts'

/** A contender that is a program of its own. Its output is thrown away. */
export function program(name: string, command: readonly string[], result?: () => unknown): Contender {
  return { name, command, run: () => runProgram(command), result }
}

/** Runs a program to its end. Throws `COMMAND_FAILED` with the last line it said. */
export function runProgram([file, ...args]: readonly string[], { input = '' } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file!, args, { stdio: [input ? 'pipe' : 'ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr!.on('data', chunk => {
      said = (said + chunk).slice(-1000)
    })
    child.on('error', reject)
    // What it has started may keep its stderr: only the program itself is waited for.
    child.on('exit', (status, signal) => {
      child.stderr!.destroy()
      if (status === 0) return resolve()
      const line = said.trim().split('\n').at(-1) || `exit ${status ?? signal}`
      reject(new OciError('COMMAND_FAILED', `${[file, ...args].join(' ')}: ${line}`, { where: file, got: status }))
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
