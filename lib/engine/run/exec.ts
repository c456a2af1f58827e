import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { resolveUser } from '../../bundle/user.ts'
import { isOciError, OciError } from '../../errors.ts'
import { execInContainer } from '../../runtime/container/exec.ts'
import { accountsOf } from '../../runtime/container/home.ts'
import { loadState } from '../../runtime/container/state.ts'
import { capabilitiesOf } from '../capabilities.ts'
import type { ContainerRecord } from './record.ts'
import { initOf, notRunning, statusOf } from './status.ts'
import type { Home } from './store.ts'

/** What `docker exec` is asked for. */
export interface ExecRequest {
  readonly args: readonly string[]
  readonly env?: readonly string[]
  readonly workdir?: string
  readonly user?: string
  readonly terminal?: boolean
  /** Its stdin is ours; otherwise it has none. */
  readonly interactive?: boolean
}

/** Runs one more program in a container, on the streams of this one; answers its exit code. ≙ docker exec. Throws `CONTAINER_WRONG_STATUS`. */
export async function execInRecord(home: Home, record: ContainerRecord, request: ExecRequest): Promise<number> {
  const { status, startedAt } = statusOf(home, record)
  if (status === 'paused')
    throw new OciError(
      'CONTAINER_WRONG_STATUS',
      `container ${record.name} is paused, unpause the container before exec`,
      {
        got: status,
      },
    )
  const pid = initOf(home, record.id)?.pid
  if (status !== 'running' || startedAt === undefined || pid === undefined) throw notRunning(record, status)
  try {
    return await execIn(home, record, request)
  } catch (error) {
    const goesOn = () => initOf(home, record.id)?.pid === pid
    // Of all that end with a container its first process is the last.
    if (isOciError(error, 'KERNEL')) for (let tries = 0; goesOn() && tries < 25; tries++) await sleep(20)
    throw goesOn() ? error : notRunning(record, 'exited', error)
  }
}

async function execIn(home: Home, record: ContainerRecord, request: ExecRequest): Promise<number> {
  const { args, env = [], workdir, user, terminal = false, interactive = false } = request
  const saved = loadState(home.runtimeRoot, record.id)
  const own = saved.config.process!
  const found = user === undefined ? undefined : resolveUser(user, accountsOf(`/proc/${saved.pid}/root`))
  const who = found?.ids ?? own.user
  const entries = found === undefined ? (own.env ?? []) : (own.env ?? []).filter(entry => !entry.startsWith('HOME='))
  const process = {
    ...own,
    ...{ args: [...args], terminal, cwd: workdir ?? own.cwd, user: who },
    capabilities: capabilitiesOf(who),
    env: [...entries, ...(terminal ? ['TERM=xterm'] : []), ...env],
  }
  const none = openSync('/dev/null', 'r')
  try {
    const streams = [interactive ? 0 : none, 1, 2]
    const console = terminal ? 'keeper' : undefined
    const carried = await execInContainer(record.id, process, { root: home.runtimeRoot, streams, console })
    return await carried.exited()
  } finally {
    closeSync(none)
  }
}
