import { constants } from 'node:os'
import { KernelError } from '../errors.ts'
import { kernelError, type Native, native } from '../kernel.ts'
import { parseAck } from './ack.ts'
import { FLAG, type Message, parseMessages, type Request, writeMessage } from './message.ts'

const TRIES = 10

/** A conversation with the kernel about one network namespace. */
export interface Netlink {
  /** Asks, and answers the bodies of what came. `what` begins the message of a failure, which keeps errno and the kernel's own text. */
  request(request: Request, what: string): Promise<Uint8Array[]>
  close(): void
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
        const answers = await converse(addon, socket, { ...request, sequence: ++sequence }, what)
        if (!isDump(request) || !answers.some(({ flags }) => flags & FLAG.DUMP_INTERRUPTED))
          return answers.map(({ body }) => body)
        // The list changed while the kernel was reading it out: what came may lack a line, or have one twice.
        if (tries === TRIES)
          throw kernelError(
            { errno: constants.errno.EAGAIN, syscall: 'netlink', detail: 'the list keeps changing' },
            what,
          )
      }
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

async function converse(
  addon: Native,
  socket: Parameters<Native['netlinkClose']>[0],
  request: Message,
  what: string,
): Promise<Message[]> {
  const bytes = await addon.netlinkRequest(socket, writeMessage(request)).catch(error => {
    throw kernelError(error, what)
  })
  const messages = parseMessages(bytes).filter(({ sequence }) => sequence === request.sequence)
  for (const message of messages) {
    const ack = parseAck(message)
    if (ack && ack.errno !== 0) throw kernelError({ errno: ack.errno, syscall: 'netlink', detail: ack.text }, what)
  }
  return messages.filter(message => parseAck(message) === undefined)
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
