import { createWriteStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Bytes } from '../bytes/bytes.ts'
import { kept } from '../bytes/chunks.ts'
import { collect } from '../bytes/collect.ts'
import { OciError } from '../errors.ts'
import { emit } from '../events.ts'
import { isDigest } from '../spec/digest.ts'
import { familiarReference, parseReference, type Reference, showReference } from '../spec/reference.ts'
import { archiveSource } from './dockerArchive/source.ts'
import { archiveSink } from './dockerArchive/writer.ts'
import { stagingIn } from './staging.ts'
import type { ImageSink, ImageSource, Transport, TransportOptions } from './transport.ts'

const DEFAULT_HOST = 'unix:///var/run/docker.sock'
const ANSWER_LIMIT = 1 << 20

/** `docker-daemon:NAME:TAG` or `docker-daemon:sha256:ID`: an image of the engine at DOCKER_HOST. Throws `REFERENCE_INVALID`. */
export function dockerDaemon(rest: string): Transport {
  const reference = isDigest(rest) ? undefined : parseName(rest)
  const id = reference ? familiarReference(reference) : rest
  const full = `docker-daemon:${reference ? showReference(reference) : rest}`
  return {
    name: full,
    source: options => daemonSource(id, full, options),
    sink: async options => {
      if (reference?.tag === undefined)
        throw new OciError('REFERENCE_INVALID', `${full}: an image is loaded by name and tag`, {
          want: 'docker-daemon:NAME:TAG',
          got: full,
        })
      return daemonSink(reference, full, options)
    },
  }
}

function parseName(rest: string): Reference {
  const reference = parseReference(rest)
  if (reference.tag !== undefined || reference.digest !== undefined) return reference
  throw new OciError(
    'REFERENCE_INVALID',
    `"docker-daemon:${rest}": neither a tag nor a digest (want docker-daemon:NAME:TAG)`,
    {
      want: 'docker-daemon:NAME:TAG',
      got: rest,
    },
  )
}

async function daemonSource(id: string, where: string, options: TransportOptions = {}): Promise<ImageSource> {
  const staging = stagingIn(tmpdir())
  try {
    const file = await staging.file()
    const { body } = await ask('GET', `/images/${encodeURIComponent(id)}/get`, where, options)
    await pipeline(Readable.from(body, { objectMode: false }), createWriteStream(file), { signal: options.signal })
    const archive = await archiveSource(file, undefined, where)
    return {
      resolve: () => archive.resolve(),
      close: async () => {
        await archive.close()
        await staging.close()
      },
    }
  } catch (error) {
    await staging.close()
    throw error
  }
}

async function daemonSink(reference: Reference, where: string, options: TransportOptions = {}): Promise<ImageSink> {
  // Ask before the work, not after it.
  await collect((await ask('GET', '/_ping', where, options)).body, ANSWER_LIMIT)
  return archiveSink({
    staging: stagingIn(tmpdir()),
    tags: [reference],
    profile: options.profile,
    async deliver(archive) {
      const { body } = await ask('POST', '/images/load?quiet=1', where, options, kept(archive))
      reportsNoError(await collect(body, ANSWER_LIMIT), where)
    },
  })
}

/** The engine answers 200 and then tells line by line, in JSON, how it went. */
function reportsNoError(answer: Uint8Array, where: string): void {
  for (const line of new TextDecoder().decode(answer).split('\n')) {
    if (line.trim() === '') continue
    const { error } = JSON.parse(line) as { error?: string }
    if (error !== undefined)
      throw new OciError('COMMAND_FAILED', `${where}: the engine refused the image: ${error}`, { got: error, where })
  }
}

/** One request to the engine. Throws `IO` when there is no engine, `MANIFEST_UNKNOWN` when it has no such image. */
async function ask(
  method: 'GET' | 'POST',
  path: string,
  where: string,
  options: TransportOptions,
  body?: Bytes,
): Promise<{ body: Bytes }> {
  const { host, origin, socketPath } = engine(where)
  const { Agent, request } = await import('undici')
  // One connection for one request: an agent that is kept would keep the program from ending.
  const dispatcher = new Agent({ connect: { socketPath }, pipelining: 0, headersTimeout: 0, bodyTimeout: 0 })
  const close = () => dispatcher.destroy()
  const upload = body && Readable.from(body, { objectMode: false })
  let failure: unknown
  upload?.on('error', error => {
    failure = error
  })
  const headers = upload ? { 'content-type': 'application/x-tar' } : {}
  try {
    const answer = await request(`${origin}${path}`, {
      method,
      body: upload,
      dispatcher,
      signal: options.signal,
      headers,
    })
    emit(options, { type: 'http', method, url: `${origin}${path}`, status: answer.statusCode })
    if (answer.statusCode === 200) return { body: closing(answer.body, close) }
    throw refused(answer.statusCode, await answer.body.text(), where)
  } catch (error) {
    await close()
    if (failure !== undefined) throw failure
    if (options.signal?.aborted || error instanceof OciError) throw error
    throw new OciError(
      'IO',
      `${where}: cannot reach the engine at ${host}: ${(error as Error).message}`,
      { got: host, where },
      { cause: error },
    )
  }
}

async function* closing(body: Bytes, close: () => Promise<void>): Bytes {
  try {
    yield* body
  } finally {
    await close()
  }
}

function refused(status: number, text: string, where: string): OciError {
  let message = text
  try {
    message = String((JSON.parse(text) as { message?: unknown }).message)
  } catch {
    // Not the engine's own JSON: a proxy's page, say. Its first line must do.
    message = text.split('\n')[0]!.slice(0, 200)
  }
  return new OciError(
    status === 404 ? 'MANIFEST_UNKNOWN' : 'COMMAND_FAILED',
    `${where}: the engine answers ${status}: ${message}`,
    { got: status, where },
  )
}

function engine(where: string): { host: string; origin: string; socketPath?: string } {
  const host = process.env.DOCKER_HOST || DEFAULT_HOST
  if (host.startsWith('unix://')) return { host, origin: 'http://docker', socketPath: host.slice('unix://'.length) }
  if (/^(tcp|http):\/\//.test(host) && !process.env.DOCKER_TLS_VERIFY)
    return { host, origin: host.replace(/^tcp/, 'http').replace(/\/$/, '') }
  throw new OciError('UNSUPPORTED', `${where}: DOCKER_HOST=${host}: want unix:// or tcp:// without TLS`, {
    want: 'unix:// or tcp://',
    got: host,
    where,
  })
}
