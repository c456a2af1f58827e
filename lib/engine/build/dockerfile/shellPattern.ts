/** `${value#pattern}`, or `##` when greedy. */
export function withoutPrefix(value: string, pattern: string, greedy: boolean): string {
  return value.replace(new RegExp(`^${regexOf(pattern, greedy)}`, 'su'), '')
}

/** `${value%pattern}`, or `%%` when greedy: among the ends that match, the shortest or the longest. */
export function withoutSuffix(value: string, pattern: string, greedy: boolean): string {
  const whole = new RegExp(`^${regexOf(pattern, true)}$`, 'su')
  const starts = Array.from({ length: value.length + 1 }, (_, start) => start)
  const fits = (start: number) => whole.test(value.slice(start))
  const start = greedy ? starts.find(fits) : starts.findLast(fits)
  return start === undefined ? value : value.slice(0, start)
}

/** `${value/pattern/replacement}`, or `//` for all. */
export function withReplaced(value: string, pattern: string, replacement: string, all: boolean): string {
  return value.replace(new RegExp(regexOf(pattern, true), all ? 'gsu' : 'su'), () => replacement)
}

/** A shell pattern knows `*`, `?` and `\`; sets in brackets it does not. */
function regexOf(pattern: string, greedy: boolean): string {
  let regex = ''
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    if (character === '*') regex += greedy ? '.*' : '.*?'
    else if (character === '?') regex += '.'
    else if (character === '\\' && at + 1 < pattern.length) regex += literal(pattern[++at]!)
    else regex += literal(character)
  }
  return regex
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
}
