import { type Case, type HostileImage, shell } from './testCase.ts'

const env = (Env: unknown, line = 'env | grep ^[A-GI-N_]'): HostileImage => shell(line, { Env })

/** image-spec config.md § Env. */
export const variableCases: Case[] = [
  ['null', env(null, 'echo inside'), 'inside\n'],
  [
    'a null',
    env([null], 'echo inside'),
    ['MANIFEST_INVALID', 'config.Env[0]: want a string, got null'],
    ['runs', 'Go leaves at zero what is null'],
  ],
  ['a text', env('A=b'), ['MANIFEST_INVALID', 'config.Env: want an array']],
  ['no =', env(['NAME'], 'echo $NAME inside'), 'inside\n'],
  ['nothing', env([''], 'echo inside'), 'inside\n'],
  ['no name', env(['=x']), ['CONFIG_INVALID', 'config: Env: no name: "=x"']],
  ['= alone', env(['=']), ['CONFIG_INVALID', 'config: Env: no name: "="']],
  ['NUL', env(['A=b\0C=d']), ['CONFIG_INVALID', 'config: Env: has a NUL: "A=b\\u0000C=d"']],
  ['NUL in a name', env(['A\0=b']), ['CONFIG_INVALID', 'config: Env: has a NUL']],
  ['a line end', env(['A=b\nC=d']), 'A=b\nC=d\n'],
  [
    'a space in a name',
    { process: { Entrypoint: ['/bin/grep', '-c', 'A B=c', '/proc/self/environ'], Env: ['A B=c'] } },
    '1\n',
  ],
  ['one twice', env(['A=1', 'A=2']), 'A=2\n'],
  [
    '__proto__',
    env(['__proto__=x', 'constructor=y'], 'env | grep -e proto -e constructor'),
    '__proto__=x\nconstructor=y\n',
  ],
  ['no home', env(['HOME='], 'echo $HOME'), '/root\n'],
  ['a home elsewhere', env(['HOME=../../x'], 'echo $HOME'), '../../x\n'],
  ['its own name', env(['HOSTNAME=other'], 'echo $HOSTNAME'), 'other\n'],
  [
    'what a loader reads',
    { ...env(['LD_PRELOAD=/evil.so']), files: () => ({ 'evil.so': { body: 'evil' } }) },
    'LD_PRELOAD=/evil.so\n',
  ],
  [
    'what Node reads',
    { ...env(['NODE_OPTIONS=--require /evil.js', 'OCILAB_DEBUG=1', '_OCIRUN=1'], 'echo inside') },
    'inside\n',
  ],
  [
    'longer than one may be',
    env([`A=${'x'.repeat(200_000)}`]),
    ['COMMAND_FAILED', 'exec: "/bin/sh": argument list too long', 126],
  ],
  [
    'more than there may be',
    env(Array.from({ length: 40 }, (_, i) => `A${i}=${'x'.repeat(100_000)}`)),
    ['COMMAND_FAILED', 'exec: "/bin/sh": argument list too long', 126],
  ],
  [
    'many',
    env(
      Array.from({ length: 2000 }, (_, i) => `A${i}=x`),
      'env | grep -c ^A',
    ),
    '2000\n',
  ],
  ['what the terminal obeys', env(['A=\x1b[2J'], 'echo $A'), '\x1b[2J\n'],
]
