import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { newPipe } from '../../runtime/pipe.ts'

/** Where the output of a container goes beside its log; who answers a promise is waited for. */
export type Sink = (stream: 'stdout' | 'stderr', chunk: Buffer) => void | Promise<void>

/** The three descriptors a container is given, and our ends of them. */
export interface Streams {
  readonly theirs: readonly [stdin: number, stdout: number, stderr: number]
  /** Lets go of what the container has now. */
  handedOver(): void
  /** Until all that it said has been heard. */
  heard: Promise<unknown>
  close(): void
}

/**
 * stdin: `inherit` is that of this program, `open` one that nobody writes into and that never ends, `none` ends at once.
 */
export function newStreams(stdin: 'inherit' | 'open' | 'none', sink: Sink): Streams {
  const held: number[] = []
  const given: number[] = []
  const input = () => {
    if (stdin === 'inherit') return 0
    if (stdin === 'none') {
      given.push(openSync('/dev/null', 'r'))
      return given[0]!
    }
    const [theirs, ours] = newPipe()
    held.push(ours)
    given.push(theirs)
    return theirs
  }
  const theirInput = input()
  const outputs = (['stdout', 'stderr'] as const).map(stream => {
    const [ours, theirs] = newPipe()
    given.push(theirs)
    const socket = new Socket({ fd: ours, readable: true, writable: false })
    return { theirs, socket, heard: drain(socket, chunk => sink(stream, chunk)) }
  })
  return {
    theirs: [theirInput, outputs[0]!.theirs, outputs[1]!.theirs],
    handedOver() {
      for (const fd of given.splice(0)) closeSync(fd)
    },
    heard: Promise.all(outputs.map(({ heard }) => heard)),
    close() {
      for (const fd of [...held.splice(0), ...given.splice(0)]) closeSync(fd)
      for (const { socket } of outputs) socket.destroy()
    },
  }
}

async function drain(socket: Socket, use: (chunk: Buffer) => void | Promise<void>): Promise<void> {
  try {
    for await (const chunk of socket) await use(chunk as Buffer)
  } catch {
    // It was closed on our side, while a process that outlives the container still had the other.
  }
}
