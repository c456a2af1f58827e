import type { Heredoc } from './heredoc.ts'
import type { LogicalLine } from './lines.ts'

/** What every instruction has. */
interface Written {
  /** As docker shows it: `COPY app.jar .` */
  readonly text: string
  readonly line: LogicalLine
}

/** One instruction of a Dockerfile; its words are as written, variables in them not yet replaced. */
export type Instruction = Written &
  (From | Arg | Pairs | Copy | Run | Command | Expose | Word | Volume | Healthcheck | Onbuild | Shell)

export type Keyword = Instruction['keyword']
/** Those that may have one of these keywords. */
export type InstructionOf<K extends Keyword, I = Instruction> = I extends { keyword: infer W }
  ? K extends W
    ? I
    : never
  : never

/** Whether an instruction has one of these keywords. */
export function isOf<K extends Keyword>(it: Instruction, ...keywords: K[]): it is InstructionOf<K> & Instruction {
  return (keywords as Keyword[]).includes(it.keyword)
}

interface From {
  readonly keyword: 'FROM'
  readonly image: string
  readonly as?: string
  readonly platform?: string
}

interface Arg {
  readonly keyword: 'ARG'
  /** Without a value: only what `--build-arg` or an ARG before FROM gives. */
  readonly args: readonly { name: string; value?: string }[]
}

interface Pairs {
  readonly keyword: 'ENV' | 'LABEL'
  readonly pairs: readonly (readonly [string, string])[]
}

interface Copy {
  readonly keyword: 'COPY' | 'ADD'
  readonly sources: readonly string[]
  readonly files: readonly Heredoc[]
  readonly destination: string
  readonly from?: string
  readonly chown?: string
  readonly chmod?: string
  readonly link: boolean
  readonly parents: boolean
  readonly checksum?: string
  readonly exclude: readonly string[]
}

/** The words of an exec form, or one text for the shell. */
export type CommandLine = { readonly form: 'exec'; readonly words: readonly string[] } | ShellText
interface ShellText {
  readonly form: 'shell'
  readonly text: string
}

interface Run {
  readonly keyword: 'RUN'
  readonly command: CommandLine
  readonly files: readonly Heredoc[]
  readonly mounts: readonly RunMount[]
  readonly network: 'default' | 'none' | 'host'
}

/** `RUN --mount=…`. */
export interface RunMount {
  readonly type: 'bind' | 'cache' | 'tmpfs'
  readonly target: string
  readonly source: string
  /** A stage or an image; the build context when absent. */
  readonly from?: string
  readonly readonly: boolean
  readonly id?: string
  readonly sharing: 'shared' | 'private' | 'locked'
  readonly mode?: number
  readonly uid: number
  readonly gid: number
  /** In bytes, of a tmpfs. */
  readonly size?: number
}

interface Command {
  readonly keyword: 'CMD' | 'ENTRYPOINT'
  readonly command: CommandLine
}

interface Expose {
  readonly keyword: 'EXPOSE'
  readonly ports: readonly string[]
}

interface Word {
  readonly keyword: 'USER' | 'WORKDIR' | 'STOPSIGNAL' | 'MAINTAINER'
  readonly word: string
}

interface Volume {
  readonly keyword: 'VOLUME'
  readonly paths: readonly string[]
}

interface Healthcheck {
  readonly keyword: 'HEALTHCHECK'
  readonly health: Health
}

/** Docker's own field of a config. Times are nanoseconds. */
export interface Health {
  Test: string[]
  Interval?: number
  Timeout?: number
  StartPeriod?: number
  StartInterval?: number
  Retries?: number
}

interface Onbuild {
  readonly keyword: 'ONBUILD'
  readonly trigger: string
}

interface Shell {
  readonly keyword: 'SHELL'
  readonly shell: readonly string[]
}
