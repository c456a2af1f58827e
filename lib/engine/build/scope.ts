import { OciError } from '../../errors.ts'
import { LineError } from './dockerfile/error.ts'
import { processWord, processWords, type Variables } from './dockerfile/words.ts'

/** What `--build-arg` may set though no ARG asks for it; it leaves no trace in the image. */
const PREDEFINED = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap(name => [
  name,
  name.toLowerCase(),
])

/** `--build-arg` values and the ARGs before the first FROM: what every stage may ask for. */
export class GlobalArgs {
  readonly #given: ReadonlyMap<string, string>
  readonly #defaults = new Map<string, string>()
  readonly #asked = new Set<string>(PREDEFINED)

  /** `platform`: the ARGs that are there without being declared, such as TARGETARCH. */
  constructor(given: ReadonlyMap<string, string>, platform: ReadonlyMap<string, string>) {
    this.#given = given
    for (const [name, value] of platform) this.#defaults.set(name, value)
  }

  /** An ARG before FROM. */
  declare(name: string, value: string | undefined): void {
    this.#asked.add(name)
    if (value !== undefined) this.#defaults.set(name, value)
  }

  /** What variables mean in a FROM line. */
  variables(): Variables {
    const declared = [...this.#defaults.keys()].filter(name => this.#asked.has(name) && this.#given.has(name))
    return new Map([...this.#defaults, ...declared.map(name => [name, this.#given.get(name)!] as const)])
  }

  valueOf(name: string, ownDefault: string | undefined): string | undefined {
    this.#asked.add(name)
    return this.#given.get(name) ?? ownDefault ?? this.#defaults.get(name)
  }

  predefined(): [string, string][] {
    return PREDEFINED.filter(name => this.#given.has(name)).map(name => [name, this.#given.get(name)!])
  }

  /** The `--build-arg`s nobody asked for. */
  unused(): string[] {
    return [...this.#given.keys()].filter(name => !this.#asked.has(name)).sort()
  }
}

/** The ARGs one stage has declared so far. */
export class StageArgs {
  readonly #global: GlobalArgs
  readonly #declared = new Map<string, string | undefined>()
  readonly #escapeToken: string

  constructor(global: GlobalArgs, escapeToken: string) {
    this.#global = global
    this.#escapeToken = escapeToken
  }

  declare(name: string, ownDefault: string | undefined): void {
    this.#declared.set(name, this.#global.valueOf(name, ownDefault))
  }

  /** Those with a value that no ENV hides, in the order of their names. */
  effective(env: readonly string[]): [string, string][] {
    return this.#visible([...this.#declared], env)
  }

  /** What RUN sees besides: proxies that no ARG declared. */
  hidden(env: readonly string[]): [string, string][] {
    return this.#visible(this.#global.predefined(), env).filter(([name]) => !this.#declared.has(name))
  }

  #visible(args: [string, string | undefined][], env: readonly string[]): [string, string][] {
    const set = new Set(env.map(entry => entry.slice(0, entry.indexOf('='))))
    const visible = args.filter((arg): arg is [string, string] => arg[1] !== undefined && !set.has(arg[0]))
    return visible.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  }

  /** Replaces the variables in one word. ENV wins over ARG. Throws `ARGUMENT_INVALID`. */
  expand(word: string, env: readonly string[]): string {
    return this.#process(() => processWord(word, this.#variables(env), { escapeToken: this.#escapeToken }))
  }

  /** The same, splitting at the spaces that variables bring. */
  expandWords(word: string, env: readonly string[]): string[] {
    return this.#process(() => processWords(word, this.#variables(env), { escapeToken: this.#escapeToken }))
  }

  #variables(env: readonly string[]): Variables {
    const entries = env.map((entry): [string, string] => {
      const equals = entry.indexOf('=')
      return [entry.slice(0, equals), entry.slice(equals + 1)]
    })
    return new Map([...this.effective(env), ...this.hidden(env), ...entries])
  }

  #process<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof LineError)) throw error
      throw new OciError('ARGUMENT_INVALID', error.message, {}, { cause: error })
    }
  }
}
