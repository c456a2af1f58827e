import type { Finding, Words } from '../claim.ts'
import type { Place } from './place.ts'

/** Compares what the learner answered with what is so. What is so is not shown: `expected` describes it. */
export function answered(
  place: Place,
  id: string,
  want: unknown,
  { expected, hint }: { expected: Words; hint: Words | ((answer: string) => Words) },
): Finding {
  const answer = place.answer(id)
  const text = answer === undefined ? 'no answer yet' : String(answer).trim()
  const state = answer !== undefined && text === String(want) ? 'pass' : 'fail'
  const pointer = typeof hint === 'function' ? hint(text) : hint
  return { state, seen: text, expected, where: `lab.answer('${id}', …)`, hint: state === 'pass' ? undefined : pointer }
}
