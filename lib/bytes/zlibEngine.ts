import type { Transform } from 'node:stream'
import type { Bytes } from './bytes.ts'
import type { Rewindable } from './rewindable.ts'

/** A stream of node:zlib; `bytesWritten` is how much of its input it has used. */
export type Engine = Transform & { readonly bytesWritten: number }

/**
 * Feeds the engine and passes on what comes out. An engine that has enough before the source ends leaves the rest in
 * the source: that is where node:zlib by itself would silently drop the next frame, or what is no frame.
 * Errors of the engine are given to `wrong`, which names them; those of the source pass as they are.
 */
export async function* through(source: Rewindable, engine: Engine, wrong: (error: Error) => Error): Bytes {
  const feeding = feed(source, engine)
  // The reader below has to stop too; whoever awaits `feeding` gets the error.
  feeding.catch(error => engine.destroy(error))
  try {
    for await (const chunk of engine) yield chunk
  } catch (error) {
    await feeding
    throw wrong(error as Error)
  } finally {
    engine.destroy()
  }
  await feeding
}

async function feed(source: Rewindable, engine: Engine): Promise<void> {
  let given = 0
  for (let chunk = await source.next(); chunk !== undefined && !engine.destroyed; chunk = await source.next()) {
    given += chunk.length
    await taken(engine, chunk)
    const unused = given - engine.bytesWritten
    if (unused > 0) {
      source.putBack(chunk.subarray(chunk.length - unused))
      break
    }
  }
  engine.end()
}

// An engine that is destroyed while its output waits for a reader never calls back.
function taken(engine: Engine, chunk: Uint8Array): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      engine.off('close', done)
      resolve()
    }
    engine.once('close', done)
    engine.write(chunk, done)
  })
}
