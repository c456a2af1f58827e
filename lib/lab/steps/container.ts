import { setTimeout as sleep } from 'node:timers/promises'
import { isOciError, OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import type { Container } from '../../runtime/container.ts'
import type { Lab } from '../lab.ts'

// A JVM on a busy machine takes its time; a minute is long enough to call it broken.
const PATIENCE = 60_000

/** Runs the lab's container detached, its output in the lab's log. */
export async function startContainer(lab: Lab, options: Options): Promise<Container> {
  return lab.runtime.run(lab.container, lab.path.bundle, { ...options, output: lab.path.log })
}

/** What a program started inside the container prints. */
export async function execInside(
  lab: Lab,
  args: readonly string[],
  options: Options & { terminal?: boolean } = {},
): Promise<string> {
  const container = await lab.runtime.load(lab.container)
  const { status, stdout, stderr } = await container.exec({ args: [...args] }, options)
  if (status === 0) return stdout
  const said = stderr.trim() || `exit ${status}`
  throw new OciError('COMMAND_FAILED', `${args.join(' ')}: ${said}`, { where: lab.container, got: status })
}

/** Waits until the server answers, from inside the container or from this machine, and gives the answer. */
export async function whenItAnswers(lab: Lab, options: Options, from: 'inside' | 'host'): Promise<string> {
  const deadline = Date.now() + PATIENCE
  for (;;) {
    options.signal?.throwIfAborted()
    try {
      return from === 'inside' ? await execInside(lab, askInside(lab)) : await ask(lab)
    } catch (error) {
      if (Date.now() > deadline)
        throw new OciError(
          'TIMEOUT',
          `${lab.demo.name}: no answer on port ${lab.demo.port} in ${PATIENCE / 1000} s`,
          { where: from },
          { cause: error },
        )
    }
    await sleep(200, undefined, { signal: options.signal })
  }
}

/** The command that asks the server from inside its container. */
export function askInside(lab: Lab): string[] {
  return ['wget', '-q', '-O', '-', `http://127.0.0.1:${lab.demo.port}${lab.demo.path}`]
}

/** ≙ `curl 10.200.0.2:8000/hello` */
export async function ask(lab: Lab): Promise<string> {
  const answer = await fetch(helloUrl(lab), { signal: AbortSignal.timeout(2000) })
  return answer.text()
}

export function helloUrl(lab: Lab): string {
  return `http://${lab.names.containerAddress}:${lab.demo.port}${lab.demo.path}`
}

/** Stops the container's program and removes the container. `kill` only sends the signal, so it waits in between. */
export async function stopContainer(lab: Lab, options: Options): Promise<void> {
  const container = await lab.runtime.load(lab.container)
  await container.kill('SIGTERM', options)
  try {
    await container.wait(options)
  } catch (error) {
    if (!isOciError(error, 'TIMEOUT')) throw error
    // PID 1 of a container hears TERM only if it listens for it: the kernel gives it no default.
    await container.kill('SIGKILL', options)
    await container.wait(options)
  }
  await container.delete(options)
}

/** The names of the interfaces the container sees, from the kernel's own table of its namespace. */
export async function interfacesInside(lab: Lab): Promise<string[]> {
  const table = await execInside(lab, ['cat', '/proc/net/dev'])
  return table
    .split('\n')
    .map(line => /^\s*([^:\s]+):/.exec(line)?.[1])
    .filter(name => name !== undefined)
    .sort()
}
