import { readFile } from 'node:fs/promises'
import { OciError } from '../../errors.ts'

/** What a connection file says: where the five sockets of a kernel are, and the key of its messages. */
export interface Connection {
  readonly transport: 'tcp' | 'ipc'
  readonly ip: string
  readonly shell_port: number
  readonly iopub_port: number
  readonly stdin_port: number
  readonly control_port: number
  readonly hb_port: number
  readonly key: string
  readonly signature_scheme: string
}

export type Channel = 'shell' | 'iopub' | 'stdin' | 'control' | 'hb'

/** Reads a connection file. Throws `IO` when it cannot be read, `CONFIG_INVALID` when it is none. */
export async function readConnection(path: string): Promise<Connection> {
  const text = await readFile(path, 'utf8').catch(cause => {
    throw new OciError(
      'IO',
      `${path}: ${cause.code ?? cause.message} (want the connection file of a kernel)`,
      {},
      { cause },
    )
  })
  const connection = asObject(text, path)
  const missing = ['ip', 'shell_port', 'iopub_port', 'control_port', 'hb_port', 'key'].filter(
    name => !(name in connection),
  )
  if (missing.length > 0)
    throw new OciError('CONFIG_INVALID', `${path}: no connection file: without ${missing.join(', ')}`)
  return { transport: 'tcp', signature_scheme: 'hmac-sha256', ...connection } as Connection
}

/** `tcp://127.0.0.1:5555`, or `ipc:///tmp/kernel-1` */
export function address(connection: Connection, channel: Channel): string {
  const port = connection[`${channel}_port`]
  return connection.transport === 'ipc' ? `ipc://${connection.ip}-${port}` : `tcp://${connection.ip}:${port}`
}

function asObject(text: string, path: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {}
  throw new OciError('CONFIG_INVALID', `${path}: not a JSON object`)
}
