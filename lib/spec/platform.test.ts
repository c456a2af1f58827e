import { describe, expect, it } from 'vitest'
import type { Descriptor } from './descriptor.ts'
import { digestOf } from './digest.ts'
import { choosePlatform, parsePlatform, showPlatform } from './platform.ts'

const of = (platform?: string): Descriptor => ({
  mediaType: 'm',
  digest: digestOf(platform ?? ''),
  size: 1,
  ...(platform && { platform: parsePlatform(platform) }),
})

describe('platforms', () => {
  it.each(['linux/amd64', 'linux/arm64/v8', 'windows/amd64'])('%s round-trips', text =>
    expect(showPlatform(parsePlatform(text))).toBe(text),
  )
  it.each(['', 'linux', 'linux/', 'linux/amd64/v8/x', 'Linux/amd64'])('%j is none', text =>
    expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' })),
  )

  const index = [of('linux/arm/v6'), of('linux/arm/v7'), of('linux/arm64'), of('linux/amd64')]
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/arm/v7', 'linux/arm/v7'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm/v5', 'linux/arm/v6'],
  ])('for %s takes %s', (want, got) =>
    expect(choosePlatform(index, parsePlatform(want), 'here').digest).toBe(digestOf(got)),
  )

  it('says what there is', () =>
    expect(() => choosePlatform(index, parsePlatform('linux/s390x'), 'here')).toThrow(
      'no image for linux/s390x (there is linux/arm/v6, linux/arm/v7, linux/arm64, linux/amd64)',
    ))
  it('takes the only one that says nothing', () =>
    expect(choosePlatform([of()], parsePlatform('linux/amd64'), 'here').digest).toBe(digestOf('')))
})
