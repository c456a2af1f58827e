import { FLAG, LITTLE, type Message, NLMSG, parseAttributes, readText, view } from './message.ts'

const ATTR_MESSAGE = 1
const REQUEST_HEADER = 16

/** How the kernel ended a conversation: errno 0 is good; the text is its own sentence (ext-ack), where it has one. */
export interface Ack {
  readonly errno: number
  readonly text?: string
}

/** The end of a conversation, from its last message (struct nlmsgerr, or the error in NLMSG_DONE); undefined for others. */
export function parseAck({ type, flags, body }: Message): Ack | undefined {
  if (type !== NLMSG.ERROR && type !== NLMSG.DONE) return undefined
  const errno = body.length >= 4 ? Math.abs(view(body).getInt32(0, LITTLE)) : 0
  if (!(flags & FLAG.ACK_ATTRIBUTES)) return { errno }
  const text = readText(parseAttributes(body.subarray(attributesAt(type, flags, body, errno))).get(ATTR_MESSAGE))
  return text === undefined ? { errno } : { errno, text }
}

// An ack repeats the request's header, and of a failed one the whole request, unless the socket asked to have it capped.
function attributesAt(type: number, flags: number, body: Uint8Array, errno: number): number {
  if (type === NLMSG.DONE) return 4
  const repeated = errno !== 0 && !(flags & FLAG.CAPPED) && body.length >= 8 ? view(body).getUint32(4, LITTLE) : 0
  return 4 + Math.max(REQUEST_HEADER, repeated)
}
