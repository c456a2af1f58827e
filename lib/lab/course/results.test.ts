import { expect, it } from 'vitest'
import { look } from '../claim.ts'
import { checkOf } from './course.ts'
import { resultsOf } from './results.ts'

// A step's check that does this when it is asked to look.
async function looking(work: () => unknown) {
  const { check } = checkOf('00.1')
  const finding = await look({ ...check, look: async () => work() as never }, undefined as never)
  return { check, finding }
}
const passed = { state: 'pass', seen: '', expected: '', where: '' }
const statusOf = async (...works: (() => unknown)[]) => {
  const { status, tests } = resultsOf(await Promise.all(works.map(looking)))
  return [status, ...tests.map(({ status }) => status)]
}

const broken = () => (undefined as unknown as string).length
it.each<[string, (() => unknown)[], string[]]>([
  ['all passed', [() => passed], ['pass', 'pass']],
  ['one broke', [() => passed, broken], ['fail', 'pass', 'error']],
  ['all broke', [broken], ['error', 'error']],
  ['nobody answers: not the check’s fault', [() => fetch('http://127.0.0.1:1/')], ['fail', 'fail']],
  ['what the learner wrote is no URL', [() => new URL('x')], ['fail', 'fail']],
  ['nor JSON', [() => JSON.parse('{')], ['fail', 'fail']],
])('%s', async (_, works, statuses) => expect(await statusOf(...works)).toEqual(statuses))

it('one that broke says so, and nothing was looked at says that', async () => {
  expect(resultsOf([await looking(broken)])).toMatchObject({
    message: expect.stringContaining('the check itself broke'),
  })
  expect(resultsOf([])).toEqual({ version: 3, status: 'error', message: 'no step could be looked at', tests: [] })
})
