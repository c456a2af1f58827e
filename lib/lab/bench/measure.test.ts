import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { measure, median } from './measure.ts'
import { program } from './program.ts'
import { suites } from './suites.ts'
import { tableRows } from './table.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-measure-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const contender = (name: string, run: () => unknown, result: () => unknown = () => 1) => ({ name, run, result })

describe('ours and a peer', () => {
  it('are run in turns, each as often first as the other, after one run that does not count', async () => {
    const order: string[] = []
    const one = (name: string) => contender(name, () => order.push(name))
    const measured = await measure({ name: 'x', goal: 1, ours: one('a'), peers: [one('b')] }, folder, 4)
    expect(order.join('')).toBe('ababbaabba')
    expect(measured.ours.runs).toHaveLength(4)
    expect(measured.ratio).toBe(measured.ours.wall / measured.peers[0]!.wall)
  })

  it('count only when they have left the same', async () => {
    const ours = contender(
      'a',
      () => {},
      () => ['one'],
    )
    const peer = contender(
      'b',
      () => {},
      () => ['two'],
    )
    await expect(measure({ name: 'x', goal: 1, ours, peers: [peer] }, folder)).rejects.toThrow(
      'x: not the same as b (want ["two"], got ["one"])',
    )
  })

  it('are compared with the fastest of the peers', async () => {
    const wait = (name: string, milliseconds: number) =>
      contender(name, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds))
    const { ratio, ours, peers } = await measure(
      { name: 'x', goal: 1, ours: wait('a', 1), peers: [wait('b', 300), wait('c', 3)] },
      folder,
      3,
    )
    expect(ratio).toBe(ours.wall / peers[1]!.wall)
  })
})

describe('a program', () => {
  const node = (script: string) => [process.execPath, '-e', script]

  it('is measured by itself: its memory and its processor time are in the figures', async () => {
    const ours = program('large', node('Buffer.alloc(2e8, 1)'))
    const peer = program('busy', node('for (const end = Date.now() + 300; Date.now() < end; );'))
    const measured = await measure({ name: 'x', goal: 1, ours, peers: [peer] }, folder, 2)
    expect(measured.ours.peak).toBeGreaterThan(2e8)
    expect(measured.peers[0]!.peak).toBeLessThan(2e8)
    expect(measured.peers[0]!.cpu).toBeGreaterThan(20)
  })

  it('that fails is no time', async () => {
    const ours = program('failing', node('console.error("first"); console.error("so it is"); process.exitCode = 3'))
    const peer = program('fine', node('0'))
    await expect(measure({ name: 'x', goal: 1, ours, peers: [peer] }, folder)).rejects.toThrow(/: so it is$/)
  })
})

it('each run is made ready for, and what it left is taken away', async () => {
  const file = join(folder, 'ready')
  const ours = {
    ...contender(
      'a',
      () => expect(existsSync(file)).toBe(true),
      () => rmSync(file),
    ),
    prepare: () => writeFileSync(file, '', { flag: 'wx' }),
  }
  await measure({ name: 'x', goal: 1, ours, peers: [ours] }, folder, 2)
})

it('the median is one of the middle: half are not above it, half not below', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), numbers => {
      const middle = median(numbers)
      expect(numbers.filter(number => number > middle).length).toBeLessThanOrEqual(numbers.length / 2)
      expect(numbers.filter(number => number < middle).length).toBeLessThanOrEqual(numbers.length / 2)
    }),
  )
})

it.each([
  [0.5, '✔'],
  [0.51, '✘'],
])('a row says whether the goal is met: %d of ≤ 0.5', (ratio, sign) => {
  const figures = (name: string) => ({ name, wall: 12.34, runs: [], cpu: 5, peak: 7e6 })
  const text = tableRows({ name: 'x', goal: 0.5, ratio, ours: figures('ours'), peers: [figures('peer')] })
  expect(text).toContain(`${ratio.toFixed(2)} ×   ≤ 0.5 ${sign}`)
  expect(text.split('\n')[2]).toMatch(/^ {2}peer +12\.3 +5\.0 +7$/)
})

it.each(suites)('$name can be loaded', async ({ load }) => {
  expect((await load()).suite.open).toBeTypeOf('function')
})
