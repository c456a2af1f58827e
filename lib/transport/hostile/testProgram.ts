import { expect, vi } from 'vitest'
import { main } from '../../cli/main.ts'
import type { ErrorCode } from '../../errors.ts'

/** Runs a verb inside this process: a program of its own would take a hundred times as long. */
export async function ocilab(args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map(stream =>
    vi.spyOn(process[stream], 'write').mockImplementation(((chunk: string | Uint8Array, ...rest: unknown[]) => {
      said[stream] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      const done = rest.findLast(it => typeof it === 'function') as (() => void) | undefined
      done?.()
      return true
    }) as typeof process.stdout.write),
  )
  try {
    return { status: await main(args), ...said }
  } finally {
    // Some verbs leave it there, for a program of their own.
    process.exitCode = undefined
    for (const spy of spies) spy.mockRestore()
  }
}

/** One line with the code, maybe one that helps, and nothing that a terminal would take for a command. */
export function expectRefused(
  { status, stdout, stderr }: { status: number | null; stdout: string; stderr: string },
  code: ErrorCode,
  where: string,
): void {
  expect({ status, stdout }, `${where}: ${stderr}`).toEqual({ status: 1, stdout: '' })
  expect(stderr, where).toMatch(/^ocilab: [^\n]*\n( {2}hint: [^\n]*\n)?$/)
  expect(stderr, where).toContain(`[${code}]`)
  expect(stderr, where).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]/)
  expect(stderr.length, where).toBeLessThan(10_000)
}
