import { withEnv } from '../build/configure.ts'
import type { BuildConfig } from '../build/imageState.ts'
import { exposedPorts } from '../build/ports.ts'

/** What an image is to run, and how; what is left out stays. */
export interface Mutation {
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly exposedPorts?: readonly string[]
  readonly user?: string
  readonly workdir?: string
}

/**
 * The fields of a config that a mutation changes, and no others. As crane has it, another entrypoint takes the command
 * away, and ports take the place of those before. Throws `ARGUMENT_INVALID` for what is no port. ≙ `crane mutate`
 */
export function mutated({ Env = [], Labels }: BuildConfig, it: Mutation): Partial<BuildConfig> {
  return {
    ...(it.entrypoint && { Entrypoint: [...it.entrypoint], Cmd: undefined }),
    ...(it.cmd && { Cmd: [...it.cmd] }),
    ...(it.env && { Env: withEnv(Env, Object.entries(it.env)) }),
    ...(it.labels && { Labels: { ...Labels, ...it.labels } }),
    ...(it.exposedPorts && { ExposedPorts: Object.fromEntries(exposedPorts(it.exposedPorts).map(port => [port, {}])) }),
    ...(it.user !== undefined && { User: it.user }),
    ...(it.workdir !== undefined && { WorkingDir: it.workdir }),
  }
}
