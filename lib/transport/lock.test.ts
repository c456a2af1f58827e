import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
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
  // Who breaks it and who takes it meet in another order each time.
  for (let round = 0; round < 100; round++) {
    writeFileSync(path, `${namespace}.4194304.1.aaaa`)
    let inside = 0
    const work = async () => {
      expect(++inside).toBe(1)
      await sleep(0)
      inside--
    }
    await Promise.all([1, 2, 3].map(() => withLock(path, work, { patience: 1000 })))
    expect(readdirSync(folder).filter(name => name.startsWith('dead.lock'))).toEqual([])
  }
})

it('who was killed while breaking one holds nobody up', async () => {
  const path = join(folder, 'broken.lock')
  writeFileSync(path, `${ownMark().split('.')[0]}.4194304.1.aaaa`)
  writeFileSync(`${path}.breaking`, '')
  utimesSync(`${path}.breaking`, Date.now() / 1000 - 6, Date.now() / 1000 - 6)
  expect(await withLock(path, async () => 'done')).toBe('done')
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

it('waits for a live owner no longer than its patience, and says once that it waits', async () => {
  const path = join(folder, 'patient.lock')
  writeFileSync(path, `${ownMark()}.aaaa`)
  let told = 0
  const options = { patience: 100, onWait: () => void told++ }
  await expect(withLock(path, async () => 'never', options)).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect(told).toBe(1)
})

it('keeps the lock young while the work takes its time', async () => {
  const path = join(folder, 'long.lock')
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    await withLock(path, async () => {
      const hourAgo = Date.now() / 1000 - 3600
      utimesSync(path, hourAgo, hourAgo)
      vi.advanceTimersByTime(15_000)
      await vi.waitFor(() => expect(statSync(path).mtimeMs / 1000).toBeGreaterThan(hourAgo + 1800))
    })
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
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
