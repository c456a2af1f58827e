import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hostsFile, resolvConf } from './etcFiles.ts'
import { exposedPorts, parsePorts } from './ports.ts'
import { parseVolume } from './volumes.ts'
import { portWords, statusWords } from './words.ts'

const shown = (text: string) =>
  parsePorts(text).map(
    ({ hostIp = '*', hostPorts, containerPort, protocol }) =>
      `${hostIp} ${hostPorts.join('-')} ${containerPort}/${protocol}`,
  )

describe('-p', () => {
  it.each([
    ['80', ['* 0-0 80/tcp']],
    ['8000:80', ['* 8000-8000 80/tcp']],
    ['0:80/udp', ['* 0-0 80/udp']],
    ['8000-8010:80/UDP', ['* 8000-8010 80/udp']],
    ['8000-8001:80-81', ['* 8000-8000 80/tcp', '* 8001-8001 81/tcp']],
    ['127.0.0.1:8000:80', ['127.0.0.1 8000-8000 80/tcp']],
    ['127.0.0.1::80', ['127.0.0.1 0-0 80/tcp']],
    ['[::1]:8000:80', ['::1 8000-8000 80/tcp']],
    ['[2001:DB8::0:1]::53/udp', ['2001:db8::1 0-0 53/udp']],
  ])('%s', (text, want) => expect(shown(text)).toEqual(want))

  it.each([
    ['', 'no port specified'],
    ['x', 'invalid containerPort: x'],
    ['0', 'invalid containerPort: 0'],
    ['65536:80', 'invalid hostPort: 65536'],
    ['8000:80/sctp', 'invalid proto: sctp'],
    ['8000-8001:80-82', 'invalid ranges specified'],
    ['81-80:80', 'invalid hostPort: 81-80'],
    ['::1:8000:80', 'invalid IP address: ::1'],
    ['010.0.0.1:8000:80', 'invalid IP address'],
    ['[127.0.0.1]:8000:80', 'invalid IP address'],
    ['8000:', 'no port specified'],
  ])('%j is refused', (text, said) =>
    expect(() => parsePorts(text)).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID', message: expect.stringContaining(said) }),
    ),
  )

  it('whatever is written, it is read or refused, and a range has as many ports as it says', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 0, max: 50 }), (first, more) => {
        const ports = parsePorts(`${first}-${first + more}:${first}-${first + more}`)
        expect(ports.map(({ containerPort }) => containerPort)).toEqual(ports.map(({ hostPorts: [port] }) => port))
        expect(ports).toHaveLength(more + 1)
      }),
    ))
})

describe('-P', () => {
  it('takes any port of the host for each that the image exposes', () =>
    expect(exposedPorts({ '53/UDP': {}, '80': {} })).toEqual([
      { protocol: 'udp', hostPorts: [0, 0], containerPort: 53 },
      { protocol: 'tcp', hostPorts: [0, 0], containerPort: 80 },
    ]))

  it.each(['x/y', '8000:80', '80-90', '0', '65536', '80/sctp', ''])('%j is no port of an image', port =>
    expect(() => exposedPorts({ [port]: {} })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('ExposedPorts') }),
    ),
  )
})

describe('-v', () => {
  it.each([
    ['/a:/b', { source: '/a', target: '/b', readonly: false }],
    ['/a:/b/../c:ro', { source: '/a', target: '/c', readonly: true }],
    ['name:/b:ro,rshared', { source: 'name', target: '/b', readonly: true, propagation: 'rshared' }],
    ['/only', { source: undefined, target: '/only', readonly: false }],
    ['name:/b/', { source: 'name', target: '/b', readonly: false }],
  ])('%s', (text, want) => expect(parseVolume(text)).toEqual({ propagation: undefined, ...want }))

  it.each(['', ':', '/a:', '/a:b', '/a:/', '/a:/b:rx', 'a/b:/c', '../x:/c', '/a:/b:ro:x'])('%j is refused', text =>
    expect(() => parseVolume(text)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' })),
  )
})

it('name servers on the host’s own loopback are no use to a container', () => {
  expect(resolvConf('nameserver 127.0.0.53\nnameserver ::1\nsearch lab\n')).toBe(
    'search lab\n\nnameserver 8.8.8.8\nnameserver 8.8.4.4\n',
  )
  expect(resolvConf('nameserver 192.0.2.1\nnameserver 127.0.0.1\n')).toBe('nameserver 192.0.2.1\n')
  expect(hostsFile('demo', ['10.200.0.2', 'fd00::2'])).toMatch(/10\.200\.0\.2\tdemo\nfd00::2\tdemo\n$/)
})

it.each([
  [{ status: 'created', exitCode: 0 }, 'Created'],
  [{ status: 'running', startedAt: '2020-01-01T00:00:00Z' }, 'Up 2 minutes'],
  [{ status: 'paused', startedAt: '2020-01-01T00:02:00Z' }, 'Up 2 seconds (Paused)'],
  [
    { status: 'exited', startedAt: 'x', finishedAt: '2020-01-01T00:01:02Z', exitCode: 3 },
    'Exited (3) About a minute ago',
  ],
  [{ status: 'exited', exitCode: 127, error: 'exec: …' }, 'Created'],
] as const)('%j is %s', (state, words) =>
  expect(statusWords({ pid: 0, exitCode: 0, ...state }, Date.parse('2020-01-01T00:02:02Z'))).toBe(words),
)

it('ports as docker ps shows them', () => {
  const port = { protocol: 'tcp', hostPort: 8000, containerPort: 80 } as const
  expect(
    portWords([
      { ...port, hostIp: '0.0.0.0' },
      { ...port, hostIp: '::' },
    ]),
  ).toBe('0.0.0.0:8000->80/tcp, [::]:8000->80/tcp')
})
