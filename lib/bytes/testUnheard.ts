import { expect } from 'vitest'

/** Does `work`, and fails where it leaves an error behind that nobody waits for: in a program that would be its end. */
export async function expectAllHeard(work: () => Promise<void>): Promise<void> {
  const unheard: unknown[] = []
  const listen = (error: unknown) => void unheard.push(error)
  process.on('unhandledRejection', listen).on('uncaughtException', listen)
  try {
    await work()
    // Node tells of them when it has nothing else to do.
    await new Promise(setImmediate)
    expect(unheard).toEqual([])
  } finally {
    process.off('unhandledRejection', listen).off('uncaughtException', listen)
  }
}
