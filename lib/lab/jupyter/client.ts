import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Dealer, Subscriber } from 'zeromq'
import { OciError } from '../../errors.ts'
import { address, type Connection } from './connection.ts'
import { type Message, newMessage, parseMessage, writeMessage } from './message.ts'
import { collectOutputs, type Output } from './outputs.ts'

// A busy machine compiles slowly; longer than this, the kernel is broken.
const START_TIMEOUT = 60_000

/** How to start a kernel: `argv` is a kernelspec's, with `{connection_file}` in it. */
export interface KernelCommand {
  readonly argv: readonly string[]
  /** The folder of the notebook. */
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
}

/** What came of a cell. */
export interface Execution {
  readonly status: 'ok' | 'error' | 'aborted'
  readonly count: number
  readonly outputs: readonly Output[]
  /** `NAME: what happened`, of a cell that failed. */
  readonly error?: string
}

export interface ExecuteOptions {
  /** Milliseconds; two minutes by default. */
  readonly timeout?: number
  /** False: the cells that wait behind this one are run though it fails. */
  readonly stopOnError?: boolean
  /** Told of what there is to see so far, whenever there is more. */
  onOutput?(outputs: readonly Output[]): void
}

/** A running kernel, seen from its front end. */
export interface KernelClient {
  readonly pid: number
  execute(code: string, options?: ExecuteOptions): Promise<Execution>
  request(type: string, content: Record<string, unknown>): Promise<Record<string, unknown>>
  /** ≙ the stop button: SIGINT, as our kernelspec says. */
  interrupt(): void
  /** Asks the kernel to end, and makes it. */
  shutdown(): Promise<void>
}

/** Starts a kernel and waits until it answers. Throws `TIMEOUT`, or `COMMAND_FAILED` with what it said when it ended. */
export async function startKernel(command: KernelCommand): Promise<KernelClient> {
  const folder = await mkdtemp(join(tmpdir(), 'ocilab-kernel-'))
  const connection = localConnection(folder)
  const file = join(folder, 'connection.json')
  await writeFile(file, JSON.stringify(connection))
  const [program = '', ...args] = command.argv.map(part => part.replace('{connection_file}', file))
  const child = spawn(program, args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    // A group of its own: interrupting the cell reaches what the cell has started, and not us.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const died = deathOf(child)
  const session = openSession(connection)
  const end = async () => {
    session.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await Promise.race([session.ready(), died])
  } catch (error) {
    kill(child, 'SIGKILL')
    await end()
    throw error
  }
  let ended: Promise<void> | undefined
  return {
    pid: child.pid!,
    request: (type, content) => Promise.race([session.request('shell', type, content), died]),
    interrupt: () => kill(child, 'SIGINT'),
    execute: (code, options = {}) =>
      Promise.race([session.execute(code, options), died, late(options.timeout ?? 120_000)]),
    shutdown: () => (ended ??= shutdown()),
  }

  async function shutdown(): Promise<void> {
    const asked = session.request('control', 'shutdown_request', { restart: false })
    await Promise.race([Promise.allSettled([asked, died]), sleep(5000, undefined, { ref: false })])
    kill(child, 'SIGKILL')
    await died.catch(() => {})
    await end()
  }
}

/** Sockets as files of a folder: no port can be taken by another. */
function localConnection(folder: string): Connection {
  return {
    transport: 'ipc',
    ip: join(folder, 'kernel'),
    shell_port: 1,
    iopub_port: 2,
    stdin_port: 3,
    control_port: 4,
    hb_port: 5,
    key: randomBytes(16).toString('hex'),
    signature_scheme: 'hmac-sha256',
  }
}

function openSession(connection: Connection) {
  const session = randomUUID()
  const shell = new Dealer({ linger: 0 })
  const control = new Dealer({ linger: 0 })
  const iopub = new Subscriber({ linger: 0 })
  shell.connect(address(connection, 'shell'))
  control.connect(address(connection, 'control'))
  iopub.connect(address(connection, 'iopub'))
  iopub.subscribe()
  const replies = new Map<string, (message: Message) => void>()
  const watchers = new Map<string, (message: Message) => void>()
  const receive = async (socket: Dealer | Subscriber, listeners: Map<string, (message: Message) => void>) => {
    for await (const frames of socket) {
      const message = parseMessage(frames, connection.key)
      listeners.get(message.parent.msg_id ?? '')?.(message)
    }
  }
  // They end when the socket is closed.
  for (const socket of [shell, control]) receive(socket, replies).catch(() => {})
  receive(iopub, watchers).catch(() => {})

  async function ask(socket: Dealer, type: string, content: Record<string, unknown>, watch?: (m: Message) => void) {
    const message = newMessage(type, content, { session })
    const { msg_id } = message.header
    if (watch) watchers.set(msg_id, watch)
    const answered = new Promise<Message>(resolve => replies.set(msg_id, resolve))
    await socket.send(writeMessage(message, connection.key).map(frame => Buffer.from(frame)))
    return answered.finally(() => replies.delete(msg_id)).then(({ content }) => ({ msg_id, content }))
  }

  return {
    request: async (channel: 'shell' | 'control', type: string, content: Record<string, unknown>) =>
      (await ask(channel === 'shell' ? shell : control, type, content)).content,

    /** A subscriber hears nothing until the kernel knows of it: ask until a status comes through. */
    async ready(): Promise<void> {
      const deadline = Date.now() + START_TIMEOUT
      let heard = false
      while (!heard) {
        if (Date.now() > deadline) throw new OciError('TIMEOUT', `kernel: no answer in ${START_TIMEOUT / 1000} s`)
        const { msg_id } = await ask(shell, 'kernel_info_request', {}, () => {
          heard = true
        })
        if (!heard) await sleep(50)
        watchers.delete(msg_id)
      }
    },

    async execute(code: string, { stopOnError = true, onOutput }: ExecuteOptions): Promise<Execution> {
      const outputs = collectOutputs()
      let idle: () => void
      const finished = new Promise<void>(resolve => (idle = resolve))
      const watch = (message: Message) => {
        outputs.add(message)
        onOutput?.(outputs.all())
        if (message.header.msg_type === 'status' && message.content.execution_state === 'idle') idle()
      }
      const request = { code, silent: false, store_history: true, allow_stdin: false, stop_on_error: stopOnError }
      const { msg_id, content } = await ask(shell, 'execute_request', request, watch)
      await finished
      watchers.delete(msg_id)
      const { status, execution_count, ename, evalue } = content as Record<string, string>
      return {
        status: status as Execution['status'],
        count: Number(execution_count),
        outputs: outputs.all(),
        ...(status === 'error' && { error: `${ename}: ${evalue}` }),
      }
    },

    close() {
      for (const socket of [shell, control, iopub]) socket.close()
    },
  }
}

/** Rejects when the kernel ends, with the last of what it said. */
function deathOf(child: ChildProcess): Promise<never> {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    said = (said + text).slice(-2000)
  })
  const died = new Promise<never>((_, reject) => {
    child.once('error', cause => reject(new OciError('COMMAND_FAILED', `kernel: ${cause.message}`, {}, { cause })))
    child.once('close', (code, signal) =>
      reject(
        new OciError('COMMAND_FAILED', `kernel: it ended (${signal ?? code}) ${said.trim()}`.trim(), { got: code }),
      ),
    )
  })
  died.catch(() => {})
  return died
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal)
  } catch {}
}

async function late(timeout: number): Promise<never> {
  await sleep(timeout, undefined, { ref: false })
  throw new OciError('TIMEOUT', `the cell has not ended in ${timeout / 1000} s`, { want: timeout })
}
