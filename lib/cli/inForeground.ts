import { removeIfAsked } from '../engine/run/end.ts'
import type { ContainerRecord } from '../engine/run/record.ts'
import type { Home } from '../engine/run/store.ts'
import type { Sink } from '../engine/run/streams.ts'
import { supervise } from '../engine/run/supervise.ts'
import type { Options } from '../events.ts'
import { forwardSignals } from './ocirun/foreground.ts'

/** Runs a container in the foreground: what it says is said here, signals to us are for it. Answers its exit code. */
export async function runInForeground(home: Home, record: ContainerRecord, options: Options): Promise<number> {
  let stop = () => {}
  try {
    return await supervise(home, record.id, {
      ...options,
      attachInput: true,
      sink: record.terminal ? (_, chunk) => toStream(process.stdout, chunk) : toOurs,
      warn: message => void process.stderr.write(`WARNING: ${message}\n`),
      started(pid) {
        stop = forwardSignals(pid)
      },
    })
  } finally {
    stop()
    await removeIfAsked(home, record, options)
  }
}

const toOurs: Sink = (stream, chunk) => toStream(process[stream], chunk)

/** As fast as whoever reads us. */
function toStream(stream: NodeJS.WriteStream, chunk: Buffer): Promise<void> {
  return new Promise(resolve => stream.write(chunk, () => resolve()))
}
