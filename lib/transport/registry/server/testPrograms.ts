import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How a program ended. */
export interface Ended {
  status: number
  stdout: string
  stderr: string
}

/** A program that lab-vm/setup.mjs built from its Go module: crane, oras, conformance. */
export function goProgram(name: string): string {
  return fileURLToPath(new URL(`../../../../.go/bin/${name}`, import.meta.url))
}

/** Runs a program to its end, whatever that is. */
export function runProgram(
  program: string,
  args: readonly string[],
  { env = {}, cwd, input = '' }: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 << 20 }
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error)
      else resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
    child.stdin?.end(input)
  })
}

/** Runs a program that must succeed; gives what it printed. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options?: Parameters<typeof runProgram>[2],
): Promise<string> {
  const { status, stdout, stderr } = await runProgram(program, args, options)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${stdout}\n${stderr}`)
  return stdout
}
