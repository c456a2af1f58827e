import { hostPlatform, showPlatform } from '../../../spec/platform.ts'
import { type Case, type Expected, type HostileImage, shell } from './testCase.ts'

const odd = (process: object): HostileImage => shell('echo inside', process)
const ports = (ExposedPorts: unknown, ...flags: string[]): HostileImage => ({ ...odd({ ExposedPorts }), flags })
const whole = (changed: object): HostileImage => ({
  config: it => ({ ...it, config: odd({}).process, ...changed }),
})
const machine = (architecture: string, shown = architecture): HostileImage => ({
  ...whole({ architecture }),
  warning: `The requested image's platform (linux/${shown}) does not match the detected host platform (${showPlatform(hostPlatform())}) and no specific platform was requested`,
})
const labels = (Labels: unknown): HostileImage => odd({ Labels })

const INSIDE = 'inside\n'
const noPort: Expected = ['CONFIG_INVALID', 'config: ExposedPorts: want port[/tcp|/udp], got ']
const UNASKED = ['runs', 'without a network it does not look at ports'] as const
const GO = ['refuses', 'it reads all that Docker knows, and no other type; the image-spec has no such field'] as const
const foreign = process.arch === 'arm64' ? 'amd64' : 'arm64'

// Which port of the host one of its own is to be is not for an image to say: `-P` asks for any.
const PORTS = [
  'x/y',
  '80/sctp',
  '0',
  '70000',
  '-80',
  '80-90',
  '/tcp',
  '',
  '80/tcp/udp',
  '0.0.0.0:22:80',
  '8000:80',
  '80\0',
]

/** All else that a config can say. */
export const oddCases: Case[] = [
  ...PORTS.map((port): Case => [`port ${JSON.stringify(port)}`, ports({ [port]: {} }, '-P'), noPort, UNASKED]),
  ['a port in full-width digits', ports({ '８０': {} }, '-P'), noPort, UNASKED],
  ['odd ports that nobody asks for', ports(Object.fromEntries(PORTS.map(port => [port, {}]))), INSIDE],
  ['ports in a list', ports(['80']), ['MANIFEST_INVALID', 'config.ExposedPorts: want an object']],
  ['ports null', ports(null, '-P'), INSIDE],
  ['a signal that is none', odd({ StopSignal: 'garbage' }), INSIDE],
  ['a signal of a number', odd({ StopSignal: 9 }), ['MANIFEST_INVALID', 'StopSignal: want a string']],
  ['a huge label', labels({ a: 'x'.repeat(1 << 20) }), INSIDE],
  [
    'a label as large as a config may be',
    labels({ a: 'x'.repeat(7 << 20) }),
    ['TOO_LARGE', 'config.json: too large'],
    ['runs', 'it does not hand labels to its runtime'],
  ],
  ['many labels', labels(Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`l${at}`, 'x']))), INSIDE],
  ['a label without a name', labels({ '': 'x' }), INSIDE],
  ['a label with NUL', labels({ 'a\0': 'x', b: '\0' }), INSIDE],
  ['labels that runtimes obey', labels({ 'run.oci.hooks.stderr': '/x', 'run.oci.handler': 'krun' }), INSIDE],
  ['a health check', odd({ Healthcheck: { Test: ['CMD', '/nonesuch'], Interval: -1, Retries: -1 } }), INSIDE],
  ['a health check that is none', odd({ Healthcheck: 'x' }), INSIDE, GO],
  ['a host name', odd({ Hostname: '../x', Domainname: 'a b' }), INSIDE],
  ['a host name of another type', odd({ Hostname: 7 }), INSIDE, GO],
  [
    'what is for an engine',
    odd({
      Tty: true,
      OpenStdin: true,
      NetworkDisabled: true,
      MacAddress: 'x',
      Shell: ['/nonesuch'],
      OnBuild: ['RUN x'],
    }),
    INSIDE,
  ],
  ['what is for a host', odd({ HostConfig: { Privileged: true, Binds: ['/:/host'] }, Privileged: true }), INSIDE],
  ['what is for a runtime', whole({ hooks: { prestart: [{ path: '/bin/false' }] }, linux: {}, root: '/' }), INSIDE],
  ['another machine', machine(foreign), INSIDE],
  ['no machine', whole({ architecture: '' }), INSIDE],
  ['a machine that is a path', machine('../../x\n\x1b[2J', '../../x\\x0a\\x1b[2J'), INSIDE],
  ['another system', whole({ os: 'windows' }), ['PLATFORM_UNKNOWN', 'an image for windows/']],
  ['an unknown system', whole({ os: '../x' }), ['PLATFORM_UNKNOWN', 'an image for ../x/'], ['asks not', 'it crashes']],
  ['no system', whole({ os: '' }), INSIDE],
  ['a container in it', whole({ container: '../../x', container_config: { Volumes: { '/': {} } } }), INSIDE],
]
