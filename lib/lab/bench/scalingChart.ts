import { escapeHtml } from '../show/picture.ts'

/** How one operation takes more of something. */
export interface Curve {
  readonly name: string
  /** What there is more and more of. */
  readonly of: string
  readonly points: readonly Point[]
}

export interface Point {
  readonly amount: number
  /** Milliseconds of CPU in one run, and the most memory in bytes. */
  readonly cpu: number
  readonly peak: number
}

const PANEL = { width: 180, height: 110, left: 44, top: 40, gapX: 44, gapY: 52 } as const
// Of a number at a point. Where two would run into each other, the second stands below.
const LABEL = { width: 50, height: 14 }
const FLAT_TOP = 200

/** One curve as lines of text; of each point also what one more costs since the point before. */
export function curveLines({ name, of, points }: Curve): string {
  const lines = points.map(({ amount, cpu, peak }, i) => {
    const before = points[i - 1]
    const each = before ? `${((1000 * (cpu - before.cpu)) / (amount - before.amount)).toFixed(1)} µs each` : ''
    return `  ${String(amount).padStart(8)} ${cpu.toFixed(0).padStart(8)} ms of cpu ${(peak / 1e6).toFixed(0).padStart(5)} MB  ${each}`
  })
  return `${name}: ${of}\n${lines.join('\n')}\n`
}

/** Two panels a curve: CPU time, where both axes grow tenfold and the dashes are what is in proportion; memory, from zero. */
export function scalingChart(curves: readonly Curve[]): string {
  const column = PANEL.width + PANEL.gapX
  const width = PANEL.left + curves.length * column
  const height = PANEL.top + 2 * (PANEL.height + PANEL.gapY)
  const panels = curves.flatMap((curve, i) => [
    moved(PANEL.left + i * column, PANEL.top, timePanel(curve)),
    moved(PANEL.left + i * column, PANEL.top + PANEL.height + PANEL.gapY, memoryPanel(curve)),
  ])
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc" font-family="sans-serif" font-size="11">`,
    '<title id="title">How time and memory grow</title>',
    `<desc id="desc">${escapeHtml(curves.map(described).join(' '))}</desc>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels,
    '</svg>\n',
  ].join('\n')
}

function described({ name, of, points }: Curve): string {
  const told = points.map(({ amount, cpu, peak }) => `${amount}: ${time(cpu)}, ${megabytes(peak)}`)
  return `${name}, ${of}: ${told.join('; ')}.`
}

function timePanel({ name, of, points }: Curve): string {
  const last = points.at(-1)!
  const x = tenfold(points[0]!.amount, last.amount, 0, PANEL.width)
  const least = Math.min(...points.map(({ cpu }) => cpu))
  const y = tenfold(least / 2, last.cpu * 2, PANEL.height, 0)
  const inProportion = points.map(({ amount }) => [x(amount), y((last.cpu * amount) / last.amount)] as const)
  const shown = inProportion.filter(([, at]) => at <= PANEL.height)
  return [
    `<text y="-10" font-weight="bold">${escapeHtml(`${name}: ${of}`)}</text>`,
    frame(),
    line(shown, 'stroke="#888" stroke-dasharray="4 3"'),
    curveOf(
      points,
      x,
      ({ cpu }) => y(cpu),
      ({ cpu }) => time(cpu),
      '#0b62a4',
    ),
  ].join('')
}

function memoryPanel({ points }: Curve): string {
  const x = tenfold(points[0]!.amount, points.at(-1)!.amount, 0, PANEL.width)
  const top = Math.max(FLAT_TOP * 1e6, ...points.map(({ peak }) => peak))
  const y = (bytes: number) => PANEL.height * (1 - bytes / top)
  const amounts = points.map(
    ({ amount }) =>
      `<text x="${x(amount)}" y="${PANEL.height + 16}" text-anchor="middle">${amount.toLocaleString('en')}</text>`,
  )
  return [
    frame(),
    curveOf(
      points,
      x,
      ({ peak }) => y(peak),
      ({ peak }) => megabytes(peak),
      '#a4480b',
    ),
    ...amounts,
  ].join('')
}

function curveOf(
  points: readonly Point[],
  x: (amount: number) => number,
  y: (point: Point) => number,
  label: (point: Point) => string,
  colour: string,
): string {
  const places = points.map(point => [x(point.amount), y(point)] as const)
  const dots = places.map(([left, top]) => `<circle cx="${round(left)}" cy="${round(top)}" r="3" fill="${colour}"/>`)
  const labels = points.map((point, i) => {
    const anchor = i === 0 ? 'start' : i === points.length - 1 ? 'end' : 'middle'
    const [left, top] = places[i]!
    const before = places[i - 1]
    const isCrowded = before !== undefined && left - before[0] < LABEL.width && Math.abs(top - before[1]) < LABEL.height
    const base = isCrowded ? top + LABEL.height : top - 7
    return `<text x="${round(left)}" y="${round(base)}" text-anchor="${anchor}">${label(point)}</text>`
  })
  return [line(places, `stroke="${colour}" stroke-width="2"`), ...dots, ...labels].join('')
}

/** Where a number stands on an axis whose ends are `from` and `to`, each step of which is so many times the one before. */
function tenfold(from: number, to: number, begin: number, end: number): (value: number) => number {
  const part = (value: number) => Math.log(value / from) / Math.log(to / from)
  return value => round(begin + (end - begin) * part(value))
}

function line(places: readonly (readonly [number, number])[], look: string): string {
  return `<polyline points="${places.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}" fill="none" ${look}/>`
}

function frame(): string {
  return `<rect width="${PANEL.width}" height="${PANEL.height}" fill="none" stroke="#ccc"/>`
}

function moved(x: number, y: number, content: string): string {
  return `<g transform="translate(${x} ${y})">${content}</g>`
}

function time(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
