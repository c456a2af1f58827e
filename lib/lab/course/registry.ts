import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { parseTransport } from '../../transport/parse.ts'
import { startRegistry } from '../../transport/registry/server/server.ts'
import type { TransportOptions } from '../../transport/transport.ts'
import { demoImage } from '../demo/demo.ts'
import type { Lesson } from './lesson.ts'
import { changeState } from './state.ts'

/** A registry that runs for a lesson, with the demo image in it. */
export interface CourseRegistry {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** `127.0.0.1:PORT` */
  readonly host: string
  /** `127.0.0.1:PORT/zengxu/oci-demo-app:v0` */
  readonly reference: string
  /** What a copy from or to it needs to know: plain HTTP, and who asks. */
  readonly access: Pick<TransportOptions, 'insecure' | 'credentials'>
}

/** Starts it, and remembers where it listens, so that a check in a terminal finds it too. */
export async function openRegistry(
  root: string,
  lesson: Lesson,
  { users }: { users?: Record<string, string> },
): Promise<{ registry: CourseRegistry; close(): Promise<void> }> {
  const running = await startRegistry({ users })
  const [first] = Object.entries(users ?? {})
  const credentials = first && { username: first[0], password: first[1] }
  const access = { insecure: true, credentials }
  const reference = `${running.host}/zengxu/oci-demo-app:v0`
  const { image, name } = await demoImage('tiny')
  await copy(heldImage(image, name), parseTransport(`docker://${reference}`), access)
  const key = `${lesson.id}/registry`
  await changeState(root, state => ({ ...state, services: { ...state.services, [key]: running.host } }))
  return {
    registry: { url: running.url, host: running.host, reference, access },
    async close() {
      await running.close()
      await changeState(root, state => {
        const { [key]: _, ...others } = state.services
        return { ...state, services: others }
      })
    },
  }
}
