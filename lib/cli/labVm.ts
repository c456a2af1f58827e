import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { OciError } from '../errors.ts'
import { PACKAGE } from '../package.ts'

/** The folder lab-vm of this checkout: machines are made from it, and an installed package has not all that it takes. */
export function labVm(verb: string): string {
  const folder = join(PACKAGE, 'lab-vm')
  if (existsSync(join(folder, 'provision.sh'))) return folder
  throw new OciError('ARGUMENT_INVALID', `${verb}: works from a checkout of ocilab only`, {
    hint: `git clone it, npm run setup, npx ocilab ${verb}`,
  })
}

/** Runs a program that has the terminal to itself: it asks, and shows its own progress. Answers its exit code. */
export function inTerminal(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 130 : 1)))
  })
}
