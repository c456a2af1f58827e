import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PROGRAM } from '../../package.ts'
import { eventually, leftOn, PATIENCE, type TestHost, testHost } from './testHost.ts'

// Somebody at a terminal: he has one of 40 lines, makes it smaller, and types.
const PERSON = `
import fcntl, os, pty, select, struct, sys, termios
def size(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
size(40, 123)
seen, said = b'', [
    (b'# ', b'stty size; tty; echo on""e\\n'),
    (b'one\\r\\n', lambda: size(20, 60)),
    (b'', b'while test "$(stty size)" != "20 60"; do sleep 0.1; done; stty size; echo tw""o\\n'),
    (b'two\\r\\n', b'trap "echo caug""ht; exit 5" INT; echo rea""dy; while :; do sleep 0.1; done\\n'),
    (b'ready\\r\\n', b'\\x03'),
]
while True:
    try:
        some = os.read(terminal, 4096)
    except OSError:
        break
    seen += some
    sys.stdout.buffer.write(some)
    while said and said[0][0] in seen:
        _, word = said.pop(0)
        word() if callable(word) else os.write(terminal, word)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`

let host: TestHost
const image = () => `oci:${host.folder}/image:v0`
beforeAll(async () => {
  host = await testHost()
  await host.ocilab('demo', 'tiny', image())
})
afterAll(() => host.close())

it('run -it is a terminal: its size, as it changes, ^C for the program inside, and its exit code', async () => {
  const script = join(host.folder, 'image-person.py')
  writeFileSync(script, PERSON)
  const words = ['run', '--root', host.folder, '--rm', '-it', '--network', 'none', '--entrypoint', 'sh', image()]
  const { status, stdout, stderr } = await host.run('python3', script, process.execPath, PROGRAM, ...words)
  expect([status, stderr]).toEqual([5, ''])
  expect(stdout).toMatch(/40 123\r+\n\/dev\/pts\/0\r+\none\r+\n/)
  expect(stdout).toMatch(/20 60\r+\ntwo\r+\n/)
  expect(stdout).toMatch(/ready\r+\n\^C\r*\n?caught\r+\n/)
  await eventually(async () => expect(await leftOn(host)).toBe(''))
})

it('run -it without a terminal of ours, and a terminal that nobody looks at', async () => {
  const flags = ['--rm', '--network', 'none', '--entrypoint', 'sh']
  const refused = await host.ocilab('run', '-it', ...flags, image())
  expect(refused).toMatchObject({ status: 125, stderr: expect.stringContaining('the input device is not a TTY') })
  const shown = await host.ocilab('run', '-t', ...flags, image(), '-c', 'tty; exit 3')
  expect(shown).toMatchObject({ status: 3, stdout: '/dev/pts/0\n' })
  await eventually(async () => expect(await leftOn(host)).toBe(''))
})

it('^C at run -i without a terminal ends the container, as SIGINT does', async () => {
  const [command = '', ...enter] = host.enter
  const line = 'trap "echo bye; exit 9" INT; echo up; while :; do sleep 0.1; done'
  const words = ['run', '--root', host.folder, '--rm', '--network', 'none', '--entrypoint', 'sh', image(), '-c', line]
  const child = spawn(command, [...enter, process.execPath, PROGRAM, ...words], { timeout: PATIENCE })
  let said = ''
  child.stdout.on('data', chunk => {
    said += chunk
  })
  await eventually(async () => expect(said).toBe('up\n'))
  await host.sh(`kill -INT $(pgrep -f "[o]cilab.cjs run --root ${host.folder}" | tail -1)`)
  const [status] = await new Promise<unknown[]>(resolve => child.on('exit', (...end) => resolve(end)))
  expect([status, said]).toEqual([9, 'up\nbye\n'])
  await eventually(async () => expect(await leftOn(host)).toBe(''))
})
