import { describe, expect, it } from 'vitest'
import { checkNames, labNames, labPort, networkNames } from './names.ts'

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
    [{ subnet: 'fd00::/64' }, 'subnet'],
  ])('%j', (choice, where) =>
    expect(() => networkNames('nattest', 'x', choice)).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID', data: expect.objectContaining({ where }) }),
    ),
  )

  it.each(['', '../x', 'a/b', 'a b'])('called %j', name =>
    expect(() => networkNames('nattest', name)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' })),
  )
})

it('no name of a thousand labs and their networks is another’s', () => {
  const ids = Array.from({ length: 500 }, (_, i) => [`learner-${i}`, `l${i}`]).flat()
  const all = ids.flatMap(id => [labNames(id), networkNames(id, 'second')])
  for (const names of all) checkNames(names)
  const texts = all.flatMap(({ bridge, vethHost, vethGuest, table }) => [bridge, vethHost, vethGuest, table])
  expect(new Set(texts).size).toBe(texts.length)
  expect(new Set(ids.map(id => labNames(id).netns)).size).toBe(ids.length)
})

it('the article’s ports are the default lab’s; twenty learners have others, each their own', () => {
  expect([8000, 8080].map(port => labPort('default', port))).toEqual([8000, 8080])
  const ids = Array.from({ length: 20 }, (_, i) => `learner-${i + 1}`)
  const ports = ids.flatMap(id => [8000, 8080].map(port => labPort(id, port)))
  expect(new Set(ports).size).toBe(40)
  expect(Math.min(...ports)).toBeGreaterThan(9999)
  expect(Math.max(...ports)).toBeLessThan(32_768)
})
