import type { Options } from '../events.ts'
import type { ContainerState, RuntimeProcess } from '../spec/runtimeConfig.ts'

/** An OCI runtime: whatever can turn a bundle into a container. runtime-spec runtime.md § Operations. */
export interface Runtime {
  readonly name: string
  /** ≙ `runc create`: namespaces are made, the program waits. Throws `CONTAINER_EXISTS`. */
  create(id: string, bundle: string, options?: RunOptions): Promise<Container>
  /** ≙ `runc run -d` */
  run(id: string, bundle: string, options?: RunOptions): Promise<Container>
  /** ≙ `runc list` */
  list(): Promise<ContainerState[]>
  /** The container of that id. Throws `CONTAINER_UNKNOWN`. */
  load(id: string): Promise<Container>
  /** What it knows; nothing of a runtime that has no such verb. ≙ `runc features` */
  features(): Promise<Features | undefined>
}

/** The part of the runtime-spec's features.md that is asked for here. */
export interface Features {
  readonly ociVersionMax: string
  readonly linux?: { readonly netDevices?: { readonly enabled?: boolean } }
}

export interface RunOptions extends Options {
  /** The file its stdout and stderr go to: `> oci-demo-app.out 2>&1`. Thrown away when there is none. */
  output?: string
}

export interface Container {
  readonly id: string
  /** ≙ `runc state` */
  state(): Promise<ContainerState>
  /** ≙ `runc start`. Throws `CONTAINER_WRONG_STATUS` when it was started before. */
  start(options?: Options): Promise<void>
  /**
   * Runs one more program in the container and waits for it. ≙ `runc exec`
   * With `terminal` it has a pseudo-terminal whose output is answered; with `interactive` it has ours, and answers none.
   */
  exec(process: ExecProcess, options?: Options & { terminal?: boolean; interactive?: boolean }): Promise<ExecResult>
  /** Only sends the signal: see `wait`. ≙ `runc kill` */
  kill(signal?: string, options?: Options): Promise<void>
  /** Until the program is gone. Throws `TIMEOUT` after `timeout` milliseconds (10 s). */
  wait(options?: Options & { timeout?: number }): Promise<void>
  /** ≙ `runc delete`. Throws `CONTAINER_WRONG_STATUS` while it runs, unless forced. */
  delete(options?: Options & { force?: boolean }): Promise<void>
}

export type ExecProcess = Pick<RuntimeProcess, 'args'> & { env?: string[]; cwd?: string; user?: string }

export interface ExecResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}
