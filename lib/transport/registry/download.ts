import { setTimeout as sleep } from 'node:timers/promises'
import type { Bytes } from '../../bytes/bytes.ts'
import { RegistryError } from '../../errors.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { shortDigest } from '../../spec/digest.ts'
import type { HttpResponse } from './http/message.ts'
import { isPassing, waitFor } from './http/retry.ts'
import { skipping } from './pieces.ts'
import type { Session } from './session.ts'
import { parseContentRange, writeRange } from './wire/range.ts'

type Blob = Pick<Descriptor, 'digest' | 'size'>

const RESUMES = 5

/**
 * The bytes of a blob as the registry sends them, whole although the connection may break: then it goes on where it
 * broke. Whoever reads verifies: what comes after a break need not fit what came before.
 */
export async function* download(session: Session, blob: Blob, options: { lend: boolean; signal?: AbortSignal }): Bytes {
  const { lend, signal } = options
  const where = `${session.host}/${session.name}: blob ${shortDigest(blob.digest)}`
  let offset = 0
  let ranges = true
  for (let breaks = 0; ; breaks++) {
    const before = offset
    // What fails before the first byte has been tried again there, and is not tried again here.
    const part = await request(session, blob, ranges ? offset : 0, lend, where)
    // From somewhere else than was asked for: such a server's ranges are not to be trusted again.
    ranges &&= part.start === offset
    try {
      for await (const chunk of skipping(part.answer.body, offset - part.start)) {
        offset += chunk.length
        yield chunk
      }
      if (offset >= blob.size) return
    } catch (error) {
      if (!isPassing(error) || breaks >= RESUMES) throw error
    }
    // Cut short without an error is as good as broken, but only once: the blob may be as short as that.
    if (breaks >= RESUMES || (offset === before && breaks > 0)) return
    await sleep(waitFor(undefined, breaks + 1), undefined, { signal })
  }
}

async function request(
  session: Session,
  { digest, size }: Blob,
  offset: number,
  lend: boolean,
  where: string,
): Promise<{ answer: HttpResponse; start: number }> {
  // What is on its way must be the blob itself: its digest is not that of any packing.
  const identity = { 'accept-encoding': 'identity' }
  const headers = offset > 0 ? { ...identity, range: writeRange({ start: offset, end: size }) } : identity
  const answer = await session.call(
    { kind: 'blob', name: session.name, digest },
    { method: 'GET', headers, lend },
    'pull',
  )
  // 416: it has less than it should. Asked for all of it, it says what it has.
  if (answer.status === 416 && offset > 0) {
    await answer.body.dump()
    return request(session, { digest, size }, 0, lend, where)
  }
  await session.expect(answer, [200, 206], where, 'BLOB_UNKNOWN')
  const start = answer.status === 200 ? 0 : parseContentRange(answer.header('content-range') ?? '')?.start
  if (start !== undefined && start <= offset) return { answer, start }
  await answer.body.dump()
  if (offset > 0) return request(session, { digest, size }, 0, lend, where)
  throw new RegistryError('PROTOCOL', `${where}: asked for the whole, got ${answer.header('content-range')}`, {
    want: offset,
    got: answer.header('content-range'),
    where,
  })
}
