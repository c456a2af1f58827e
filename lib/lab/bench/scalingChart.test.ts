import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Curve, curveLines, scalingChart } from './scalingChart.ts'

const beside = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')
const curve: Curve = {
  ...{ name: 'unpack', of: 'files & folders' },
  points: [
    { amount: 10, cpu: 100, peak: 50e6 },
    { amount: 100, cpu: 1000, peak: 60e6 },
  ],
}

describe('the chart of how time and memory grow', () => {
  it('is the one of the figures beside it', () => {
    expect(beside('scaling.svg')).toBe(scalingChart(JSON.parse(beside('scaling.json')).curves))
  })

  it('says what it shows to who cannot see it', () => {
    const svg = scalingChart([curve])
    expect(svg).toContain('<title id="title">How time and memory grow</title>')
    expect(svg).toContain('unpack, files &#38; folders: 10: 100 ms, 50 MB; 100: 1.0 s, 60 MB.</desc>')
  })

  it('draws what is in proportion where it is in proportion', () => {
    const [dashes, drawn] = [...scalingChart([curve]).matchAll(/<polyline points="([^"]*)"/g)].map(
      ([, points]) => points,
    )
    expect(dashes).toBe(drawn)
  })
})

it('tells of each point what one more costs', () => {
  expect(curveLines(curve)).toBe(
    'unpack: files & folders\n        10      100 ms of cpu    50 MB  \n       100     1000 ms of cpu    60 MB  10000.0 µs each\n',
  )
})
