import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { PROGRAM } from '../package.ts'
import { LOOPBACK, listeningAt } from './testListening.ts'

it.each([
  [[], LOOPBACK],
  [['--address', '0.0.0.0'], '00000000'],
])('registry serve %j listens on %s only', async (flags, address) => {
  const child = spawn(process.execPath, [PROGRAM, 'registry', 'serve', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [url] = await once(child.stdout, 'data')
    expect(listeningAt(Number(new URL(String(url)).port))).toEqual([address])
  } finally {
    child.kill()
    await once(child, 'exit')
  }
})
