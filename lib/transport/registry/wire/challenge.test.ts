import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBasic, parseBearer, parseChallenges, writeBasic, writeBearer, writeChallenge } from './challenge.ts'

describe('challenges', () => {
  it('the article’s', () =>
    expect(parseChallenges('Bearer realm="https://auth.docker.io/token",service="registry.docker.io"')).toEqual([
      { scheme: 'Bearer', parameters: { realm: 'https://auth.docker.io/token', service: 'registry.docker.io' } },
    ]))
  it('several in one header', () =>
    expect(
      parseChallenges('Negotiate, Bearer realm="r", scope="repository:a/b:pull,push" , Basic realm="x \\"y\\""'),
    ).toEqual([
      { scheme: 'Negotiate', parameters: {} },
      { scheme: 'Bearer', parameters: { realm: 'r', scope: 'repository:a/b:pull,push' } },
      { scheme: 'Basic', parameters: { realm: 'x "y"' } },
    ]))
  it.each(['', ',', '=', '"', 'Bearer =', 'realm="x"'])('garbage is no way in: %j', text =>
    expect(parseChallenges(text).filter(it => it.parameters.realm)).toEqual([]),
  )
  it('round-trip', () =>
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[ -~]*$/), { minKeys: 1 }),
        parameters => {
          const plain = { ...parameters }
          expect(parseChallenges(writeChallenge({ scheme: 'Bearer', parameters: plain }))).toEqual([
            { scheme: 'Bearer', parameters: plain },
          ])
        },
      ),
    ))
  it('nothing is thrown by any header', () => fc.assert(fc.property(fc.string(), text => void parseChallenges(text))))
})

describe('credentials', () => {
  it('go both ways, with colons in the password', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (text, password) => {
        const username = text.replaceAll(':', '')
        expect(parseBasic(writeBasic(username, password))).toEqual({ username, password })
      }),
    ))
  it.each([undefined, '', 'Basic', 'Basic \u0000', 'Bearer eA==', 'Basic eA=='])('%j is none', header =>
    expect(parseBasic(header)).toBeUndefined(),
  )
  it('a token', () => {
    expect(parseBearer(writeBearer('a.b-c_d'))).toBe('a.b-c_d')
    expect(parseBearer('bearer x')).toBe('x')
    expect(parseBearer('Basic x')).toBeUndefined()
    expect(parseBearer('Bearer x y')).toBeUndefined()
  })
})
