import { afterEach, beforeEach, expect, it } from 'vitest'
import type { BlobLabel } from '../../events.ts'
import { digestOf } from '../../spec/digest.ts'
import { type MimeBundle, type Screen, setScreen } from '../screen.ts'
import { journaled } from './following.ts'

const layer: BlobLabel = { kind: 'layer', digest: digestOf('a'), size: 48 }
const config: BlobLabel = { kind: 'config', digest: digestOf('b'), size: 2 }

let shown: MimeBundle[]
let nowhere: Screen
beforeEach(() => {
  shown = []
  nowhere = { show: bundle => void shown.push(bundle), update: bundle => void shown.splice(-1, 1, bundle) }
  setScreen(nowhere)
})
afterEach(() => setScreen({ show: () => {}, update: () => {} }))

it.each([
  ['en', '48 bytes', '2 bytes, already there'],
  ['zh', '48 字节', '2 字节，已有'],
] as const)('in %s, one picture has a bar for each blob, and grows with it', (language, half, there) => {
  const { onEvent } = journaled('following', language)
  onEvent!({ type: 'blob', state: 'started', blob: layer, offset: 0 })
  onEvent!({ type: 'blob', state: 'skipped', blob: config, offset: 0 })
  onEvent!({ type: 'blob', state: 'progress', blob: layer, offset: 24 })
  expect(shown).toHaveLength(1)
  const [first, second] = shown[0]!['text/plain'].split('\n')
  expect(first).toMatch(new RegExp(`^layer .* \\[={12} {12}\\] ${half}$`))
  expect(second).toMatch(new RegExp(`^config .* \\[={24}\\] ${there}$`))
  expect(shown[0]!['text/html']).toContain(`<progress value="0.5" max="1"></progress></td><td>${half}</td>`)
})
