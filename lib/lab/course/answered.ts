import type { Finding } from '../claim.ts'
import type { Place } from './place.ts'

/** Compares what the learner answered with what is so. What is so is not shown: `expected` describes it. */
export function answered(
  place: Place,
  id: string,
  want: unknown,
  { expected, hint }: { expected: string; hint: string | ((answer: string) => string) },
): Finding {
  const answer = place.answer(id)
  const text = answer === undefined ? 'no answer yet' : String(answer).trim()
  const state = answer !== undefined && text === String(want) ? 'pass' : 'fail'
  const pointer = typeof hint === 'string' ? hint : hint(text)
  return { state, seen: text, expected, where: `lab.answer('${id}', …)`, hint: state === 'pass' ? undefined : pointer }
}
