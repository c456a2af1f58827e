import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { OciError } from '../../errors.ts'
import { isFarOff } from './guard.ts'
import { benchLayout } from './images.ts'
import { type Measured, measure } from './measure.ts'
import { scaling } from './scaling.ts'
import { curveLines, scalingChart } from './scalingChart.ts'
import type { Listed, Place } from './suite.ts'
import { suites } from './suites.ts'
import { tableHead, tableRows } from './table.ts'

// `npm run bench -- [SUITE…] [--json FILE] [--pairs N] [--guard]`; with --prepare it only makes what is measured with.
// `npm run bench -- scaling [--json FILE] [--svg FILE]` measures ours alone, with more and more to do.

const GUARD_PAIRS = 5

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      ...{ json: { type: 'string' }, pairs: { type: 'string' }, guard: { type: 'boolean', default: false } },
      ...{ prepare: { type: 'boolean', default: false }, svg: { type: 'string' } },
    },
  })
  if (positionals[0] === 'scaling') return values.prepare ? 0 : curves(values)
  const chosen = choose(positionals, values.guard)
  if (values.prepare) return prepare(chosen)
  const pairs = values.pairs === undefined ? undefined : Number(values.pairs)
  process.stdout.write(tableHead)
  const all: Measured[] = []
  for (const listed of chosen) all.push(...(await measureSuite(listed, values.guard, pairs)))
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report(all), null, 2)}\n`)
  const far = values.guard ? all.filter(isFarOff).map(({ name }) => name) : []
  if (far.length > 0) process.stderr.write(`bench: far off, twice measured: ${far.join(', ')}\n`)
  return far.length > 0 ? 1 : 0
}

async function curves({ json, svg }: { json?: string; svg?: string }): Promise<number> {
  const all = await inPlace(place => scaling(place, curve => process.stdout.write(curveLines(curve))))
  if (json) writeFileSync(json, `${JSON.stringify({ machine: machine(), curves: all }, null, 2)}\n`)
  if (svg) writeFileSync(svg, scalingChart(all))
  return 0
}

async function prepare(chosen: readonly Listed[]): Promise<number> {
  for (const image of chosen.flatMap(({ images = [] }) => images)) await benchLayout(image)
  return 0
}

function choose(names: readonly string[], guard: boolean): Listed[] {
  const unknown = names.find(name => !suites.some(suite => suite.name === name))
  if (unknown !== undefined) {
    const want = suites.map(({ name }) => name).join(', ')
    throw new OciError('ARGUMENT_INVALID', `no suite ${unknown} (want ${want})`, { want, got: unknown })
  }
  return suites.filter(({ name, guarded }) => (names.length > 0 ? names.includes(name) : !guard || guarded))
}

async function measureSuite({ load }: Listed, guard: boolean, pairs?: number): Promise<Measured[]> {
  const { suite } = await load()
  return inPlace(async place => {
    const all: Measured[] = []
    for (const comparison of await suite.open(place)) {
      let measured = await measure(comparison, place.folder, pairs ?? (guard ? GUARD_PAIRS : undefined))
      if (guard && isFarOff(measured)) measured = await measure(comparison, place.folder, comparison.pairs)
      process.stdout.write(tableRows(measured))
      all.push(measured)
    }
    return all
  })
}

async function inPlace<T>(work: (place: Place) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-bench-'))
  const deferred: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  try {
    return await work({ folder, defer: action => deferred.push(action) })
  } finally {
    for (const action of deferred.toReversed()) await action()
  }
}

function report(comparisons: Measured[]) {
  return { machine: machine(), comparisons: comparisons.map(one => ({ ...one, met: one.ratio <= one.goal })) }
}

function machine() {
  return { node: process.version, kernel: release(), cpus: cpus().length, cpu: cpus()[0]?.model }
}

main(process.argv.slice(2)).then(
  status => {
    process.exitCode = status
  },
  error => {
    process.stderr.write(`bench: ${(error as Error).message}\n`)
    process.exitCode = 1
  },
)
