import { readFileSync, writeFileSync } from 'node:fs'
import { OciError } from '../errors.ts'
import { parseJson } from '../spec/goJson.ts'
import { type Exchange, recording, replaying } from '../transport/registry/http/transcript.ts'
import type { TransportOptions } from '../transport/transport.ts'

const LIMIT = 256 << 20

/** `--transcript` and `--replay`: the record is written when the program ends, however it ends. */
export function transcriptOptions(flags: { transcript?: string; replay?: string }): Pick<TransportOptions, 'wire'> {
  const { transcript, replay } = flags
  if (transcript !== undefined && replay !== undefined)
    throw new OciError('ARGUMENT_INVALID', '--transcript and --replay: choose one', {})
  if (replay !== undefined)
    return { wire: replaying(parseJson(readFileSync(replay), replay, 'CONFIG_INVALID', LIMIT) as Exchange[]) }
  if (transcript === undefined) return {}
  const { exchanges, wire } = recording()
  process.once('exit', () => writeFileSync(transcript, `${JSON.stringify(exchanges, null, 2)}\n`))
  return { wire }
}
