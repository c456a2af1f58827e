import { OciError } from '../../errors.ts'
import type { CommandLine, Instruction, InstructionOf } from './dockerfile/instruction.ts'
import { plainList, quotedHealth, quotedList } from './goFormat.ts'
import type { BuildConfig } from './imageState.ts'
import { cleanPath } from './patterns.ts'
import { exposedPorts } from './ports.ts'
import type { StageArgs } from './scope.ts'
import { checkSignal } from './signals.ts'

/** What an instruction that touches no file does to the configuration. */
export interface Configured {
  readonly config: BuildConfig
  /** What history says of it, after `#(nop) `. */
  readonly comment: string
  readonly author?: string
}

export type ConfigInstruction = Exclude<Instruction, { keyword: 'FROM' | 'COPY' | 'ADD' | 'RUN' }>

export interface StageFacts {
  readonly args: StageArgs
  /** True once this stage has said CMD: then ENTRYPOINT leaves it alone. */
  readonly cmdSet: boolean
}

const DEFAULT_SHELL = ['/bin/sh', '-c']

/** Carries out everything but FROM, COPY, ADD and RUN. Pure, but that ARG declares. Throws `ARGUMENT_INVALID`. */
export function configure(it: ConfigInstruction, config: BuildConfig, { args, cmdSet }: StageFacts): Configured {
  const env = config.Env ?? []
  const expand = (word: string) => args.expand(word, env)
  const expandPairs = ({ pairs }: InstructionOf<'ENV'>) =>
    pairs.map(([name, value]): [string, string] => [expand(name), expand(value)])
  switch (it.keyword) {
    case 'ARG':
      return { config, comment: `ARG ${declareArgs(it, args, expand).join(' ')}` }
    case 'ENV': {
      const pairs = named(expandPairs(it), 'ENV')
      return { config: { ...config, Env: withEnv(env, pairs) }, comment: `ENV ${joined(pairs)}` }
    }
    case 'LABEL': {
      const pairs = named(expandPairs(it), 'LABEL')
      const Labels = { ...config.Labels, ...Object.fromEntries(pairs) }
      return { config: { ...config, Labels }, comment: `LABEL ${joined(pairs)}` }
    }
    case 'MAINTAINER':
      return { config, author: it.word, comment: `MAINTAINER ${it.word}` }
    case 'CMD': {
      const Cmd = commandWords(it.command, config)
      return { config: { ...config, Cmd }, comment: `CMD ${quotedList(Cmd ?? [])}` }
    }
    case 'ENTRYPOINT': {
      const Entrypoint = commandWords(it.command, config)
      const Cmd = cmdSet ? config.Cmd : undefined
      return { config: { ...config, Entrypoint, Cmd }, comment: `ENTRYPOINT ${quotedList(Entrypoint ?? [])}` }
    }
    case 'EXPOSE': {
      const ports = it.ports.flatMap(port => args.expandWords(port, env))
      const exposed = exposedPorts(ports).map(port => [port, {}])
      const ExposedPorts = { ...config.ExposedPorts, ...Object.fromEntries(exposed) }
      return { config: { ...config, ExposedPorts }, comment: `EXPOSE ${ports.join(' ')}` }
    }
    case 'USER': {
      const User = expand(it.word)
      return { config: { ...config, User }, comment: `USER ${User}` }
    }
    case 'VOLUME': {
      const paths = it.paths.map(expand)
      if (paths.includes('')) throw invalid('VOLUME specified can not be an empty string')
      const Volumes = { ...config.Volumes, ...Object.fromEntries(paths.map(path => [path, {}])) }
      return { config: { ...config, Volumes }, comment: `VOLUME ${plainList(paths)}` }
    }
    case 'WORKDIR': {
      const path = expand(it.word)
      // Docker cleans what it puts together, and nothing else.
      const WorkingDir = path.startsWith('/') ? path : absolutePath(path, config)
      return { config: { ...config, WorkingDir }, comment: `WORKDIR ${WorkingDir}` }
    }
    case 'STOPSIGNAL': {
      const StopSignal = expand(it.word)
      checkSignal(StopSignal)
      return { config: { ...config, StopSignal }, comment: `STOPSIGNAL ${StopSignal}` }
    }
    case 'HEALTHCHECK':
      return { config: { ...config, Healthcheck: it.health }, comment: `HEALTHCHECK ${quotedHealth(it.health)}` }
    case 'ONBUILD':
      return {
        config: { ...config, OnBuild: [...(config.OnBuild ?? []), it.trigger] },
        comment: `ONBUILD ${it.trigger}`,
      }
    case 'SHELL':
      return { config: { ...config, Shell: [...it.shell] }, comment: `SHELL ${plainList(it.shell)}` }
  }
}

/** The shell of shell forms: SHELL's, or /bin/sh. */
export function shellOf({ Shell }: BuildConfig): readonly string[] {
  return Shell && Shell.length > 0 ? Shell : DEFAULT_SHELL
}

/** The words a command line stands for; nothing for an empty one. */
export function commandWords(command: CommandLine, config: BuildConfig): string[] | undefined {
  if (command.form === 'shell') return [...shellOf(config), command.text]
  return command.words.length > 0 ? [...command.words] : undefined
}

/** A path seen from WORKDIR. */
export function absolutePath(path: string, { WorkingDir }: BuildConfig): string {
  return cleanPath(path.startsWith('/') ? path : `/${WorkingDir ?? ''}/${path}`)
}

function declareArgs(it: InstructionOf<'ARG'>, args: StageArgs, expand: (word: string) => string): string[] {
  // All are read before any is declared: they do not see each other.
  const read = it.args.map(({ name, value }) => ({
    name: expand(name),
    value: value === undefined ? undefined : expand(value),
  }))
  for (const { name, value } of read) args.declare(name, value)
  return read.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`))
}

/** A variable that is there keeps its place and gets the new value. */
export function withEnv(env: readonly string[], pairs: readonly (readonly [string, string])[]): string[] {
  const changed = [...env]
  for (const [name, value] of pairs) {
    const at = changed.findIndex(entry => entry.startsWith(`${name}=`))
    if (at < 0) changed.push(`${name}=${value}`)
    else changed[at] = `${name}=${value}`
  }
  return changed
}

function named(pairs: [string, string][], keyword: string): [string, string][] {
  if (pairs.some(([name]) => name === '')) throw invalid(`${keyword} names can not be blank`)
  return pairs
}

function joined(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}=${value}`).join(' ')
}

function invalid(message: string): OciError {
  return new OciError('ARGUMENT_INVALID', message)
}
