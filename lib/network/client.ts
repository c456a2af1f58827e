import { constants } from 'node:os'
import { KernelError } from '../errors.ts'
import { kernelError, type Native, native } from '../kernel.ts'
import { type Ack, parseAck } from './ack.ts'
import { concat, FLAG, type Message, parseMessages, type Request, writeMessage } from './message.ts'

const TRIES = 10

/** A conversation with the kernel about one network namespace. */
export interface Netlink {
  /** Asks, and answers the bodies of what came. `what` begins the message of a failure, which keeps errno and the kernel's own text. */
  request(request: Request, what: string): Promise<Uint8Array[]>
  /** Asks several in one go, one after the other up to the first that is refused, or, with `goOn`, all of them: no dumps. */
  requests(questions: readonly Question[], goOn?: boolean): Promise<Answer[]>
  close(): void
}

/** A request, and what begins the message of a failure. */
export interface Question {
  readonly request: Request
  readonly what: string
}

/** The bodies of what came, or why the kernel refused. */
export interface Answer {
  readonly bodies: Uint8Array[]
  readonly error?: KernelError
}

/** Opens an rtnetlink socket here, or in the network namespace at a path. Throws `KERNEL`, `NOT_PERMITTED`, `NATIVE_MISSING`. */
export async function openNetlink(netns?: string): Promise<Netlink> {
  const addon = native()
  const socket = await addon.netlinkOpen(netns).catch(error => {
    throw openError(error, netns)
  })
  let sequence = 0
  return {
    async request(request, what) {
      for (let tries = 1; ; tries++) {
        const number = ++sequence
        const messages = await converse(addon, socket, [{ ...request, sequence: number }], what)
        const { bodies, error } = answerTo(number, what, answersIn(messages))
        if (error) throw error
        if (!isDump(request) || !messages.some(({ flags }) => flags & FLAG.DUMP_INTERRUPTED)) return bodies
        // The list changed while the kernel was reading it out: what came may lack a line, or have one twice.
        if (tries === TRIES)
          throw kernelError(
            { errno: constants.errno.EAGAIN, syscall: 'netlink', detail: 'the list keeps changing' },
            what,
          )
      }
    },
    async requests(questions, goOn = false) {
      const [first] = questions
      if (!first) return []
      const numbered = questions.map(({ request }) => ({ ...request, sequence: ++sequence }))
      const messages = await converse(addon, socket, numbered, first.what, goOn)
      const said = answersIn(messages)
      const answers = questions.map(({ what }, index) => answerTo(numbered[index]!.sequence, what, said))
      const refused = answers.findIndex(({ error }) => error)
      return goOn || refused < 0 ? answers : answers.slice(0, refused + 1)
    },
    close: () => addon.netlinkClose(socket),
  }
}

/** Opens, uses and closes. */
export async function withNetlink<T>(netns: string | undefined, use: (netlink: Netlink) => Promise<T>): Promise<T> {
  const netlink = await openNetlink(netns)
  try {
    return await use(netlink)
  } finally {
    netlink.close()
  }
}

/** All that the kernel said, up to the end of what it says to the last request that it was sent. */
async function converse(
  addon: Native,
  socket: Parameters<Native['netlinkClose']>[0],
  requests: readonly Message[],
  what: string,
  goOn = false,
): Promise<Message[]> {
  const bytes = concat(...requests.map(writeMessage))
  const said = await addon.netlinkRequest(socket, bytes, goOn).catch(error => {
    throw kernelError(error, what)
  })
  return parseMessages(said)
}

interface Said {
  readonly bodies: Uint8Array[]
  end?: Ack
}

/** What was said to each request, by its number. */
function answersIn(messages: readonly Message[]): Map<number, Said> {
  const answers = new Map<number, Said>()
  for (const message of messages) {
    const said = answers.get(message.sequence) ?? { bodies: [] }
    answers.set(message.sequence, said)
    const ack = parseAck(message)
    if (ack) said.end ??= ack
    else said.bodies.push(message.body)
  }
  return answers
}

function answerTo(sequence: number, what: string, answers: ReadonlyMap<number, Said>): Answer {
  const { bodies, end } = answers.get(sequence) ?? { bodies: [] }
  if (!end || end.errno === 0) return { bodies }
  return { bodies, error: kernelError({ errno: end.errno, syscall: 'netlink', detail: end.text }, what) }
}

function isDump({ flags }: Request): boolean {
  return (flags & FLAG.DUMP) === FLAG.DUMP
}

function openError(error: unknown, netns?: string): KernelError {
  const made = kernelError(error, netns === undefined ? 'netlink' : `network namespace ${netns}`)
  // A name is an empty file until a namespace is mounted on it: after a reboot only the file may be left.
  if (made.data.errno !== 'EINVAL' || made.data.syscall !== 'setns') return made
  return new KernelError(
    made.code,
    `${made.message} (want a network namespace, got a file without one)`,
    { ...made.data, want: 'nsfs' },
    { cause: error },
  )
}
