import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
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

/**
 * Runs a program that has the terminal to itself: it asks, and shows its own progress. Answers its exit code; what was
 * interrupted is an AbortError.
 */
export async function inTerminal(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<number> {
  // Ctrl-C is told to it, too: it clears up what it has begun, and the terminal is not free before.
  const wait = () => {}
  process.on('SIGINT', wait)
  try {
    const status = await ended(spawn(program, args, { ...options, stdio: 'inherit' }))
    if (status === 130) throw new DOMException('interrupted', 'AbortError')
    return status
  } finally {
    process.off('SIGINT', wait)
  }
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
}
