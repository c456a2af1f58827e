import { expect, it } from 'vitest'
import { mutated } from './mutated.ts'

const before = {
  Entrypoint: ['/f'],
  Cmd: ['x'],
  Env: ['A=1', 'B=2'],
  Labels: { a: '1' },
  ExposedPorts: { '80/tcp': {} },
}

// What crane 0.22 makes of the same; only of a port without a protocol it makes `90`, where the image-spec has `90/tcp` as well.
it.each([
  [{}, {}],
  [
    { user: '7', workdir: '/w' },
    { User: '7', WorkingDir: '/w' },
  ],
  [{ user: '' }, { User: '' }],
  [{ env: { A: '3', C: 'x,y' } }, { Env: ['A=3', 'B=2', 'C=x,y'] }],
  [{ labels: { k: 'v' } }, { Labels: { a: '1', k: 'v' } }],
  [{ exposedPorts: ['90', '53/udp'] }, { ExposedPorts: { '90/tcp': {}, '53/udp': {} } }],
  [{ entrypoint: ['z'] }, { Entrypoint: ['z'], Cmd: undefined }],
  [
    { entrypoint: ['z'], cmd: ['c'] },
    { Entrypoint: ['z'], Cmd: ['c'] },
  ],
])('%j', (mutation, want) => expect(mutated(before, mutation)).toStrictEqual(want))

it('refuses what is no port', () =>
  expect(() => mutated(before, { exposedPorts: ['nope/x'] })).toThrow('Invalid proto: x'))
