import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { withLock } from './lock.ts'
import { isGone, ownerState, ownMark } from './owner.ts'
import { testFolder } from './testImages.ts'

const folder = testFolder()

it('lets one work at a time', async () => {
  const path = join(folder, 'busy.lock')
  let inside = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++inside)
    await sleep(3)
    inside--
  }
  await Promise.all(Array.from({ length: 8 }, () => withLock(path, work)))
  expect(most).toBe(1)
  expect(existsSync(path)).toBe(false)
})

it('breaks the lock of a process that has ended, and only once', async () => {
  const path = join(folder, 'dead.lock')
  const [namespace] = ownMark().split('.')
  writeFileSync(path, `${namespace}.4194304.1.aaaa`)
  const order: number[] = []
  await Promise.all([1, 2, 3].map(id => withLock(path, async () => void order.push(id))))
  expect(order.sort()).toEqual([1, 2, 3])
})

it('breaks a lock nobody signed, or of another container, only when it is old', async () => {
  const path = join(folder, 'old.lock')
  for (const [signature, age] of [
    ['', 6],
    ['1.1.1.aaaa', 61],
  ] as const) {
    writeFileSync(path, signature)
    utimesSync(path, Date.now() / 1000 - age, Date.now() / 1000 - age)
    expect(await withLock(path, async () => 'done')).toBe('done')
  }
})

it('waits for a live owner until it is told to stop', async () => {
  const path = join(folder, 'live.lock')
  writeFileSync(path, `${ownMark()}.aaaa`)
  const signal = AbortSignal.timeout(60)
  await expect(withLock(path, async () => 'never', { signal })).rejects.toThrow(/abort|timeout/i)
  expect(existsSync(path)).toBe(true)
})

it('gives the lock back when the work fails', async () => {
  const path = join(folder, 'failing.lock')
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(existsSync(path)).toBe(false)
})

it('knows a process from a later one with the same pid', () => {
  const mark = ownMark()
  const [namespace, pid, start] = mark.split('.')
  expect(ownerState(`${mark}.tail`)).toBe('alive')
  expect(isGone(`${namespace}.${pid}.${Number(start) - 1}`)).toBe(true)
  expect(ownerState('1.1.1')).toBe('unknown')
  expect(ownerState('nonsense')).toBe('unknown')
})
