import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { LabEvent } from '../events.ts'
import { bytesOf, collect } from './collect.ts'
import { metered } from './metered.ts'

const states = (events: LabEvent[]) => events.map(event => event.type === 'blob' && [event.state, event.offset])

it('tells the start and the end, and nothing in between when it goes fast', async () => {
  const events: LabEvent[] = []
  await collect(metered(bytesOf('ab', 'c', 'd'), { kind: 'layer' }, { onEvent: event => events.push(event) }))
  expect(states(events)).toEqual([
    ['started', 0],
    ['done', 4],
  ])
})

it('tells progress when it goes slowly', async () => {
  const events: LabEvent[] = []
  async function* slow() {
    yield new Uint8Array(5)
    await sleep(120)
    yield new Uint8Array(6)
  }
  await collect(metered(slow(), { kind: 'config' }, { onEvent: event => events.push(event) }))
  expect(states(events)).toEqual([
    ['started', 0],
    ['progress', 11],
    ['done', 11],
  ])
})

it('stops when it is told to', async () => {
  const stopped = AbortSignal.abort(new Error('enough'))
  await expect(collect(metered(bytesOf('ab'), { kind: 'layer' }, { signal: stopped }))).rejects.toThrow('enough')
})
