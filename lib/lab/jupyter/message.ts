import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { OciError } from '../../errors.ts'

/** The first part of a message on a Jupyter socket (jupyter_client, Messaging § The wire protocol). */
export interface Header {
  readonly msg_id: string
  readonly msg_type: string
  readonly session: string
  readonly username: string
  readonly date: string
  readonly version: string
}

export interface Message {
  /** Who is to get it: ZeroMQ's routing frames, before the delimiter. */
  readonly identities: readonly Uint8Array[]
  readonly header: Header
  /** The header of the request that this answers; empty for a request. */
  readonly parent: Header | Record<string, never>
  readonly metadata: Record<string, unknown>
  readonly content: Record<string, unknown>
}

const DELIMITER = Buffer.from('<IDS|MSG>')
const VERSION = '5.3'

/** A message of our own; `parent` is what it answers, `identities` who gets it. */
export function newMessage(
  msg_type: string,
  content: Record<string, unknown>,
  { session, parent, identities = [] }: { session: string; parent?: Header; identities?: readonly Uint8Array[] },
): Message {
  const date = new Date().toISOString()
  const header = { msg_id: randomUUID(), msg_type, session, username: 'ocilab', date, version: VERSION }
  return { identities, header, parent: parent ?? {}, metadata: {}, content }
}

/** The frames of a message, signed with the connection's key. */
export function writeMessage({ identities, header, parent, metadata, content }: Message, key: string): Uint8Array[] {
  const parts = [header, parent, metadata, content].map(part => Buffer.from(JSON.stringify(part)))
  return [...identities, DELIMITER, Buffer.from(sign(parts, key)), ...parts]
}

/** Reads what {@link writeMessage} wrote. Throws `PROTOCOL` when it is no message, or not signed with our key. */
export function parseMessage(frames: readonly Uint8Array[], key: string): Message {
  const at = frames.findIndex(frame => DELIMITER.equals(frame))
  const [signature, ...parts] = frames.slice(at + 1)
  if (at < 0 || signature === undefined || parts.length < 4)
    throw new OciError('PROTOCOL', `message of ${frames.length} frames: incomplete (want <IDS|MSG> and 5 more)`)
  const [want, got] = [Buffer.from(sign(parts, key)), Buffer.from(signature)]
  if (want.length !== got.length || !timingSafeEqual(want, got))
    throw new OciError('PROTOCOL', 'message: its signature is not made with this connection’s key')
  const [header, parent, metadata, content] = parts.map(part => JSON.parse(Buffer.from(part).toString()))
  return { identities: frames.slice(0, at), header, parent, metadata, content }
}

// Without a key there is no signature: jupyter_client, § The wire protocol.
function sign(parts: readonly Uint8Array[], key: string): string {
  if (key === '') return ''
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest('hex')
}
