// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the shell's
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { processWord, processWords } from './words.ts'

const variables = new Map(Object.entries({ A: 'one', EMPTY: '', PATH: '/usr/bin:/bin', FILE: 'a.tar.gz', SP: 'x  y' }))

describe('processWord', () => {
  it.each([
    ['plain', 'plain'],
    ['$A', 'one'],
    ['${A}s', 'ones'],
    ['$As', ''],
    ['$A/$NONE/x', 'one//x'],
    ['$', '$'],
    ['a$', 'a$'],
    ['$$', ''],
    ['$1x', 'x'],
    ['$-', ''],
    ['\\$A', '$A'],
    ['\\\\$A', '\\one'],
    ["'$A'", '$A'],
    ["'a\\'b", 'a\\b'],
    ['"$A"', 'one'],
    ['"\\$A \\" \\\\ \\n"', '$A " \\ \\n'],
    ['"it\'s $A"', "it's one"],
    ['a"b c"d', 'ab cd'],
    ['""', ''],
    ['${A:-two}', 'one'],
    ['${NONE:-two}', 'two'],
    ['${NONE-two}', 'two'],
    ['${EMPTY:-two}', 'two'],
    ['${EMPTY-two}', ''],
    ['${NONE:-$A}', 'one'],
    ['${NONE:-${EMPTY:-deep}}', 'deep'],
    ['${NONE:-"a b"}', 'a b'],
    ['${NONE:-a\\}b}', 'a}b'],
    ['${A:+two}', 'two'],
    ['${EMPTY:+two}', ''],
    ['${EMPTY+two}', 'two'],
    ['${NONE+two}', ''],
    ['${A:?no}', 'one'],
    ['${EMPTY?no}', ''],
    ['${FILE#*.}', 'tar.gz'],
    ['${FILE##*.}', 'gz'],
    ['${FILE%.*}', 'a.tar'],
    ['${FILE%%.*}', 'a'],
    ['${FILE%.zip}', 'a.tar.gz'],
    ['${FILE#?.}', 'tar.gz'],
    ['${FILE/a/b}', 'b.tar.gz'],
    ['${FILE/./-}', 'a-tar.gz'],
    ['${FILE//./-}', 'a-tar-gz'],
    ['${FILE//a/$&}', '$&.t$&r.gz'],
    ['${PATH//\\//_}', '_usr_bin:_bin'],
    ['${NONE/a/b}', ''],
    ['x<<y', 'x<<y'],
  ])('%s → %s', (word, want) => expect(processWord(word, variables)).toBe(want))

  it.each([
    ['${', "missing '}'"],
    ['${}', 'bad substitution'],
    ['${:a}', 'bad substitution'],
    ['${A', 'unsupported modifier'],
    ['${A:-x', "missing '}'"],
    ['${A!x}', 'unsupported modifier (!)'],
    ['${A:#x}', 'unsupported modifier (:#)'],
    ['${NONE:?}', 'NONE: is not allowed to be unset'],
    ['${NONE?gone}', 'NONE: gone'],
    ['${EMPTY:?}', 'EMPTY: is not allowed to be empty'],
    ['${A/x}', "missing '/'"],
    ["'open", 'matching single-quote'],
    ['"open', 'matching double-quote'],
  ])('%s: %s', (word, message) => expect(() => processWord(word, variables)).toThrow(message))

  it('escapes with another character when told so', () => {
    expect(processWord('C:\\$A`$A', variables, { escapeToken: '`' })).toBe('C:\\one$A')
  })

  it('gives back what is quoted, whatever it is', () =>
    fc.assert(
      fc.property(
        fc.string().filter(text => !text.includes("'")),
        text => {
          expect(processWord(`'${text}'`, variables)).toBe(text)
        },
      ),
    ))
})

describe('processWords', () => {
  it.each([
    ['a b', ['a', 'b']],
    ['  a   b ', ['a', 'b']],
    ['$SP', ['x', 'y']],
    ['"$SP"', ['x  y']],
    ['a\\ b', ['a b']],
    ["a'b c'd e", ['ab cd', 'e']],
    ['$NONE', []],
    ['', []],
  ])('%s → %j', (word, want) => expect(processWords(word, variables)).toEqual(want))
})
