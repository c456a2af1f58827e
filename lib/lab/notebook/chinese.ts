const OWN_LINE = /^\s*([-*+>] |\d+\. |#+ |\||```)/
const PUNCTUATION = /[\u3000-\u303f\uff00-\uffef]/u
const HAN = /\p{Script=Han}/u

/**
 * Takes out the line breaks in Chinese Markdown that a reader would see as a space: those beside full-width punctuation, and
 * between two Chinese characters. What has a line to itself, and what is fenced, keeps it.
 */
export function joinLines(markdown: string): string {
  const joined: string[] = []
  let fenced = false
  for (const line of markdown.split('\n')) {
    const before = joined.at(-1) ?? ''
    const own = fenced || OWN_LINE.test(line) || /^\s*(#|\||```)/.test(before)
    if (line.trim().startsWith('```')) fenced = !fenced
    if (!own && isOneWord(before.trimEnd().slice(-1), line.trim().slice(0, 1)))
      joined[joined.length - 1] = `${before.trimEnd()}${line.trim()}`
    else joined.push(line)
  }
  return joined.join('\n')
}

function isOneWord(last: string, first: string): boolean {
  if (last === '' || first === '') return false
  return PUNCTUATION.test(last) || PUNCTUATION.test(first) || (HAN.test(last) && HAN.test(first))
}
