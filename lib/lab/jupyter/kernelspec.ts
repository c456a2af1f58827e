import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What Jupyter knows of a kernel: how to start it, and what to call it. */
export interface KernelSpec {
  readonly argv: readonly string[]
  readonly display_name: string
  readonly language: string
  readonly interrupt_mode: 'signal'
  readonly env: Record<string, string>
}

/** The name that our notebooks ask for. */
export const KERNEL_NAME = 'ocilab'

/**
 * Our kernel, by absolute paths: whatever PATH JupyterLab was started with, it is this Node and this package.
 * `home` is the folder of the package.
 */
export function kernelSpec(home: string, node: string = process.execPath): KernelSpec {
  const built = join(home, 'dist/ocilab.cjs')
  const program = existsSync(built) ? built : join(home, 'lib/cli/ocilab.ts')
  return {
    argv: [node, '--disable-warning=ExperimentalWarning', program, 'kernel', '{connection_file}'],
    display_name: 'ocilab (TypeScript)',
    language: 'typescript',
    // A signal stops code that never waits, too; a message would not even be read.
    interrupt_mode: 'signal',
    env: {},
  }
}
