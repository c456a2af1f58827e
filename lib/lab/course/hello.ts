import { type Finding, same, type Text, unlike } from '../claim.ts'

const WAIT = 3000

/** Whether a program answers `hello world`, as the article's does. ≙ curl URL */
export async function saysHello(url: string, hint: Text): Promise<Finding> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(WAIT) }).then(
    response => response.text(),
    () => undefined,
  )
  if (answer !== undefined) return same(answer.trim(), 'hello world', `curl ${url}`, hint)
  return unlike({ en: 'no answer', zh: '没有应答' }, 'hello world', `curl ${url}`, hint)
}
