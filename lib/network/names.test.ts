import { describe, expect, it } from 'vitest'
import { networkNames } from './names.ts'

describe('what a network cannot be', () => {
  it.each([
    [{ mtu: 67 }, 'mtu'],
    [{ mtu: 1279, ipv6: true }, 'mtu'],
    [{ mtu: 65_536 }, 'mtu'],
    [{ ipv6: 'fd00::/120' }, 'subnet6'],
    [{ ipv6: 'fd00::1/64' }, 'subnet6'],
    [{ subnet: '10.0.0.0/33' }, 'subnet'],
    [{ subnet: '10.0.0.0/31' }, 'subnet'],
    [{ subnet: '0.0.0.0/0' }, 'subnet'],
  ])('%j', (choice, where) =>
    expect(() => networkNames('nattest', 'x', choice)).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID', data: expect.objectContaining({ where }) }),
    ),
  )

  it.each(['', '../x', 'a/b', 'a b'])('called %j', name =>
    expect(() => networkNames('nattest', name)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' })),
  )
})
