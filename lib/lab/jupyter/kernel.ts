import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Publisher, Reply, Router } from 'zeromq'
import { setScreen } from '../screen.ts'
import { answerAtOnce, displayOf } from './answers.ts'
import type { Cells } from './cells.ts'
import { address, type Connection } from './connection.ts'
import { type Header, type Message, newMessage, parseMessage, writeMessage } from './message.ts'
import { captureOutput } from './output.ts'

// A front end sends all cells at once. Those sent before it heard of a failure are not run; this long they may be on the way.
const ABORT_WINDOW = 100

type Socket = Router | Publisher

/** Serves one notebook until its front end says shutdown: jupyter_client's messaging protocol 5.3. */
export async function serveKernel(connection: Connection, cells: Cells): Promise<void> {
  const session = randomUUID()
  const sockets = await bind(connection)
  const { shell, control, stdin, iopub, heartbeat } = sockets
  const send = sender(connection.key)
  let count = 0
  let parent: Header | undefined
  let down: () => void
  const shutdown = new Promise<void>(resolve => (down = resolve))

  const publish = (type: string, content: Record<string, unknown>, of = parent) =>
    send(iopub, { ...newMessage(type, content, { session, parent: of }), identities: [Buffer.from(type)] })
  const reply = (socket: Router, to: Message, type: string, content: Record<string, unknown>) =>
    send(socket, newMessage(type, content, { session, parent: to.header, identities: to.identities }))
  const picture = (data: object, id: string) => ({ data, metadata: {}, transient: { display_id: id } })
  setScreen({
    show: (bundle, id) => void publish('display_data', picture(bundle, id)),
    update: (bundle, id) => void publish('update_display_data', picture(bundle, id)),
    get signal() {
      return cells.signal
    },
  })
  const release = captureOutput((name, text) => void publish('stream', { name, text }))

  async function execute(socket: Router, request: Message): Promise<void> {
    parent = request.header
    const { code = '', silent = false, stop_on_error = true } = request.content as ExecuteRequest
    if (!silent) count++
    await publish('status', { execution_state: 'busy' })
    if (!silent) await publish('execute_input', { code, execution_count: count })
    const outcome = await cells.run(code, count)
    const goOn = outcome.ok || !stop_on_error
    if (!goOn) await sleep(ABORT_WINDOW)
    const behind = goOn ? [] : waiting.splice(0)
    if (outcome.ok) {
      const data = silent ? undefined : displayOf(outcome.value)
      if (data) await publish('execute_result', { data, metadata: {}, execution_count: count })
      await reply(socket, request, 'execute_reply', { status: 'ok', execution_count: count, user_expressions: {} })
    } else {
      await publish('error', { ...outcome.failure })
      await reply(socket, request, 'execute_reply', { status: 'error', execution_count: count, ...outcome.failure })
    }
    await publish('status', { execution_state: 'idle' })
    for (const aborted of behind) await giveUp(aborted)
  }

  async function answer(socket: Router, request: Message): Promise<void> {
    await publish('status', { execution_state: 'busy' }, request.header)
    const { msg_type } = request.header
    if (msg_type === 'interrupt_request') cells.interrupt()
    const content = answerAtOnce(request, cells.compiler)
    if (content) await reply(socket, request, msg_type.replace(/_request$/, '_reply'), content)
    await publish('status', { execution_state: 'idle' }, request.header)
    if (msg_type === 'shutdown_request') down()
  }

  /** Cells run one after the other; after a failure those that wait are given up. */
  const waiting: Message[] = []
  let running = false
  async function runWaiting(): Promise<void> {
    if (running) return
    running = true
    for (let next = waiting.shift(); next; next = waiting.shift()) await execute(shell, next)
    running = false
  }
  async function giveUp(request: Message): Promise<void> {
    await publish('status', { execution_state: 'busy' }, request.header)
    await reply(shell, request, 'execute_reply', { status: 'aborted', execution_count: count })
    await publish('status', { execution_state: 'idle' }, request.header)
  }

  async function listen(socket: Router): Promise<void> {
    for await (const frames of socket) {
      const request = understood(frames, connection.key)
      if (request === undefined) continue
      if (request.header.msg_type !== 'execute_request') await answer(socket, request)
      else {
        waiting.push(request)
        void runWaiting()
      }
    }
  }

  const interrupt = () => cells.interrupt()
  process.on('SIGINT', interrupt)
  await publish('status', { execution_state: 'starting' })
  const listening = [listen(shell), listen(control), echo(heartbeat)]
  await shutdown
  process.off('SIGINT', interrupt)
  release()
  for (const socket of [shell, control, stdin, iopub, heartbeat]) socket.close()
  await Promise.allSettled(listening)
}

interface ExecuteRequest {
  code?: string
  silent?: boolean
  stop_on_error?: boolean
}

async function bind(connection: Connection) {
  const sockets = {
    shell: new Router(),
    control: new Router(),
    stdin: new Router(),
    // An answer that was sent is delivered, though the socket is closed right after.
    iopub: new Publisher({ linger: 1000, sendHighWaterMark: 0 }),
    heartbeat: new Reply(),
  }
  const { shell, control, stdin, iopub, heartbeat } = sockets
  await shell.bind(address(connection, 'shell'))
  await control.bind(address(connection, 'control'))
  await stdin.bind(address(connection, 'stdin'))
  await iopub.bind(address(connection, 'iopub'))
  await heartbeat.bind(address(connection, 'hb'))
  return sockets
}

/** A socket takes one message at a time: the next waits for the one before. */
function sender(key: string): (socket: Socket, message: Message) => Promise<void> {
  const last = new Map<Socket, Promise<void>>()
  return (socket, message) => {
    const sent = (last.get(socket) ?? Promise.resolve()).then(() =>
      socket.send(writeMessage(message, key).map(frame => Buffer.from(frame))),
    )
    last.set(
      socket,
      sent.catch(() => {}),
    )
    return sent
  }
}

async function echo(heartbeat: Reply): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames)
}

// Whoever has not our key is not our front end: no answer is the answer.
function understood(frames: readonly Uint8Array[], key: string): Message | undefined {
  try {
    return parseMessage(frames, key)
  } catch {
    return undefined
  }
}
