import { blankSeparated, nameValues, type SplitLine, splitLine, splitWords } from './arguments.ts'
import { LineError } from './error.ts'
import { Flags } from './flags.ts'
import { parseHealthcheck } from './healthcheck.ts'
import { heredocOf } from './heredoc.ts'
import type { CommandLine, Instruction, InstructionOf, Keyword } from './instruction.ts'
import { parseJsonWords } from './jsonWords.ts'
import { type LogicalLine, placed } from './lines.ts'
import { parseRunMount } from './runMount.ts'

type Parsed<I extends Instruction = Instruction> = I extends Instruction ? Omit<I, 'text' | 'line'> : never
type Parse = (split: SplitLine, flags: Flags, line: LogicalLine, escapeToken: string) => Parsed

const PARSERS: Record<Keyword, Parse> = {
  FROM: parseFrom,
  ARG: parseArg,
  ENV: (split, _flags, _line, escapeToken) => ({ keyword: 'ENV', pairs: nameValues(split, escapeToken) }),
  LABEL: (split, _flags, _line, escapeToken) => ({ keyword: 'LABEL', pairs: nameValues(split, escapeToken) }),
  COPY: parseCopy,
  ADD: parseCopy,
  RUN: parseRun,
  CMD: parseCommand,
  ENTRYPOINT: parseCommand,
  EXPOSE: ({ rest }) => ({ keyword: 'EXPOSE', ports: some(blankSeparated(rest), 'EXPOSE').sort() }),
  USER: parseWord,
  WORKDIR: parseWord,
  STOPSIGNAL: parseWord,
  MAINTAINER: parseWord,
  VOLUME: parseVolume,
  HEALTHCHECK: ({ rest }, flags) => ({ keyword: 'HEALTHCHECK', health: parseHealthcheck(rest, flags) }),
  ONBUILD: parseOnbuild,
  SHELL: parseShell,
}

/** Reads one instruction. Throws `DOCKERFILE_INVALID`, pointing at what is wrong. */
export function parseInstruction(line: LogicalLine, escapeToken: string, file: string): Instruction {
  return placed(line, file, () => {
    const split = splitLine(line.text, escapeToken)
    const keyword = split.keyword.toUpperCase() as Keyword
    const parse = Object.hasOwn(PARSERS, keyword) ? PARSERS[keyword] : undefined
    if (!parse) throw new LineError(`unknown instruction: ${split.keyword}`)
    const flags = new Flags(split.flags)
    const parsed = parse({ ...split, keyword }, flags, line, escapeToken)
    flags.end()
    return { ...parsed, text: line.text.trim(), line } as Instruction
  })
}

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/

function parseFrom({ rest, offset }: SplitLine, flags: Flags): Parsed {
  const [image, as, name, ...others] = blankSeparated(rest)
  const named = as?.toUpperCase() === 'AS' && name !== undefined && others.length === 0
  if (image === undefined || (as !== undefined && !named))
    throw new LineError('FROM requires either one or three arguments', offset)
  if (name !== undefined && !STAGE_NAME.test(name.toLowerCase()))
    throw new LineError(
      `invalid name for build stage: ${JSON.stringify(name)}, name can't start with a number or contain symbols`,
      offset + rest.lastIndexOf(name),
    )
  return { keyword: 'FROM', image, as: name?.toLowerCase(), platform: flags.text('platform') || undefined }
}

function parseArg({ rest }: SplitLine, _flags: Flags, _line: LogicalLine, escapeToken: string): Parsed {
  const args = some(splitWords(rest, escapeToken), 'ARG').map(word => {
    const equals = word.indexOf('=')
    if (equals === 0) throw new LineError('ARG names can not be blank')
    return equals < 0 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) }
  })
  return { keyword: 'ARG', args }
}

function parseCopy({ keyword, rest, offset }: SplitLine, flags: Flags, line: LogicalLine): Parsed {
  const words = parseJsonWords(rest) ?? blankSeparated(rest)
  if (words.length < 2)
    throw new LineError(
      `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined.`,
      offset,
    )
  const destination = words.at(-1)!
  if (heredocOf(destination)) throw new LineError(`${keyword} cannot accept a heredoc as a destination`, offset)
  const from = keyword === 'COPY' ? flags.text('from') : undefined
  return {
    keyword: keyword as 'COPY' | 'ADD',
    sources: words.slice(0, -1).filter(word => line.heredocs.length === 0 || !heredocOf(word)),
    files: line.heredocs,
    destination,
    from: from || undefined,
    chown: flags.text('chown') || undefined,
    chmod: flags.text('chmod') || undefined,
    link: flags.boolean('link'),
    parents: keyword === 'COPY' && flags.boolean('parents'),
    checksum: keyword === 'ADD' ? flags.read('checksum', parseChecksum) : undefined,
    exclude: flags.texts('exclude'),
  }
}

const NETWORKS = ['default', 'none', 'host']

function parseRun({ rest }: SplitLine, flags: Flags, line: LogicalLine): Parsed {
  const mounts = flags.readAll('mount', parseRunMount)
  const network = flags.read('network', parseNetwork) ?? 'default'
  flags.read('security', refuseInsecure)
  if (rest === '') throw new LineError('RUN requires at least one argument')
  return {
    keyword: 'RUN',
    command: commandLine(rest),
    files: line.heredocs,
    mounts,
    network,
  }
}

function parseNetwork(value: string): InstructionOf<'RUN'>['network'] {
  if (NETWORKS.includes(value)) return value as InstructionOf<'RUN'>['network']
  throw new LineError(`unsupported network mode: ${JSON.stringify(value)} (want ${NETWORKS.join(', ')})`)
}

function refuseInsecure(value: string): void {
  if (value !== 'sandbox') throw new LineError(`--security=${value}: not supported here (want sandbox)`)
}

/** It may be a variable, of which nothing is known yet. */
function parseChecksum(value: string): string {
  if (value.includes('$') || /^sha256:[0-9a-f]{64}$/.test(value)) return value
  throw new LineError(`--checksum=${value}: want sha256: and 64 hexadecimal digits`)
}

function parseCommand({ keyword, rest }: SplitLine): Parsed {
  return { keyword: keyword as 'CMD', command: rest === '' ? { form: 'exec', words: [] } : commandLine(rest) }
}

function commandLine(rest: string): CommandLine {
  const words = parseJsonWords(rest)
  return words ? { form: 'exec', words } : { form: 'shell', text: rest }
}

function parseWord({ keyword, rest }: SplitLine): Parsed {
  if (rest === '') throw new LineError(`${keyword} requires exactly one argument`)
  return { keyword: keyword as 'USER', word: rest }
}

function parseVolume({ rest }: SplitLine): Parsed {
  const paths = some(parseJsonWords(rest) ?? blankSeparated(rest), 'VOLUME').map(path => path.trim())
  if (paths.includes('')) throw new LineError('VOLUME specified can not be an empty string')
  return { keyword: 'VOLUME', paths }
}

function parseOnbuild({ rest, offset }: SplitLine, _flags: Flags, line: LogicalLine): Parsed {
  const [first = ''] = blankSeparated(rest)
  const keyword = first.toUpperCase()
  if (keyword === '') throw new LineError('ONBUILD requires at least one argument')
  if (keyword === 'ONBUILD') throw new LineError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", offset)
  if (keyword === 'FROM' || keyword === 'MAINTAINER')
    throw new LineError(`${keyword} isn't allowed as an ONBUILD trigger`, offset)
  const trigger = line.text.replace(/^\s*ONBUILD\s*/i, '')
  return { keyword: 'ONBUILD', trigger: [trigger, ...line.heredocs.map(it => it.content + it.name)].join('\n') }
}

function parseShell({ rest, offset }: SplitLine): Parsed {
  const shell = parseJsonWords(rest)
  if (shell === undefined && rest !== '') throw new LineError(`SHELL requires the arguments to be in JSON form`, offset)
  return { keyword: 'SHELL', shell: some(shell ?? [], 'SHELL') } as Parsed
}

function some<T>(list: T[], keyword: string): T[] {
  if (list.length === 0) throw new LineError(`${keyword} requires at least one argument`)
  return list
}
