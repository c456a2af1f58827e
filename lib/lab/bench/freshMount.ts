import { mkdirSync } from 'node:fs'
import { runTool } from '../tool.ts'

/** A new file system for each run: one that has had such files before is slower, and for one more than for the other. */
export async function mountFresh(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await runTool('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', folder])
}

export async function unmountFresh(folder: string): Promise<void> {
  await runTool('umount', [folder])
}
