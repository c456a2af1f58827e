import type { Finding, Text } from '../claim.ts'
import type { Place } from './place.ts'

/** Compares what the learner answered with what is so. What is so is not shown: `expected` describes it. */
export function answered(
  place: Place,
  id: string,
  want: unknown,
  { expected, hint }: { expected: Text; hint: Text | ((answer: string) => Text) },
): Finding {
  const answer = place.answer(id)
  const text = answer === undefined ? '' : String(answer).trim()
  const seen = text === '' ? { en: 'no answer yet', zh: '还没有答案' } : text
  const found = { seen, expected, where: `lab.answer('${id}', …)` }
  if (text !== '' && text === String(want)) return { state: 'pass', ...found }
  return { state: 'fail', ...found, hint: typeof hint === 'function' ? hint(text) : hint }
}
