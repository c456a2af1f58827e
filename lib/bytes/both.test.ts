import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { both } from './both.ts'
import { expectAllHeard } from './testUnheard.ts'

const fails = async (after: number, message: string) => {
  await sleep(after)
  throw new Error(message)
}

it('waits for the slower one when the other has failed long before, and nothing is left unheard', () =>
  expectAllHeard(async () => {
    let done = false
    const slow = sleep(50).then(() => {
      done = true
    })
    await expect(both(fails(1, 'no space'), slow)).rejects.toThrow('no space')
    expect(done).toBe(true)
    await expect(both(sleep(20), fails(1, 'second'))).rejects.toThrow('second')
    await expect(both(fails(5, 'first'), fails(1, 'second'))).rejects.toThrow('first')
    await expect(both(sleep(1), sleep(2))).resolves.toBeUndefined()
  }))
