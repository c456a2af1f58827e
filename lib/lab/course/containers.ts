import { isOciError, OciError } from '../../errors.ts'
import type { Container, Runtime } from '../../runtime/container.ts'
import { runtimeDriver } from '../../runtime/driver.ts'
import { ocirun } from '../../runtime/ocirun.ts'
import type { ContainerState } from '../../spec/runtimeConfig.ts'

/** A container as whoever made it knows it: ours, runc's or crun's, for a check accepts any of them. */
export interface FoundContainer {
  readonly runtime: string
  readonly container: Container
  readonly state: ContainerState
}

/** Every container of that id, in each runtime that is here. */
export async function findContainers(id: string): Promise<FoundContainer[]> {
  const runtimes = [ocirun(), runtimeDriver('runc'), runtimeDriver('crun')]
  return (await Promise.all(runtimes.map(runtime => lookedUp(runtime, id)))).flat()
}

/** The one container of that id. Throws `CONTAINER_UNKNOWN` when no runtime has one. */
export async function theContainer(id: string): Promise<FoundContainer> {
  const [found] = await findContainers(id)
  if (found) return found
  throw new OciError(
    'CONTAINER_UNKNOWN',
    `${id}: no runtime here knows such a container (looked at ocirun, runc and crun)`,
  )
}

/** Removes every container of that id, running or not. ≙ `runc delete --force` */
export async function deleteContainers(id: string): Promise<void> {
  for (const { container } of await findContainers(id)) await container.delete({ force: true })
}

async function lookedUp(runtime: Runtime, id: string): Promise<FoundContainer[]> {
  try {
    const states = await runtime.list()
    const state = states.find(it => it.id === id)
    return state ? [{ runtime: runtime.name, container: await runtime.load(id), state }] : []
  } catch (error) {
    // A runtime that is not installed has no containers.
    if (isOciError(error, 'TOOL_MISSING')) return []
    throw error
  }
}
