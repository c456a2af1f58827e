import { RuntimeError } from '../../errors.ts'
import { isGone, pause, readControl, readPairs, writeControl } from './controlFile.ts'
import type { CgroupPaths } from './paths.ts'

const PATIENCE = 2000
const POLL = 5
// An occasional thaw lets those in that are being forked, which v1 cannot freeze.
const THAW_EVERY = 20

/** A cgroup that can be frozen, of v1's controller or of v2. */
interface Freezer {
  readonly version: 1 | 2
  readonly folder: string
}

/** The cgroup that freezes a container; nothing where there is none. */
export function freezerOf({ folders }: CgroupPaths): Freezer | undefined {
  if (folders.freezer !== undefined) return { version: 1, folder: folders.freezer }
  return folders.unified === undefined ? undefined : { version: 2, folder: folders.unified }
}

/**
 * Stops all processes of a container, or lets them go on, and waits until it is so. Throws `TIMEOUT` after 2 s, when they
 * go on in any case; `UNSUPPORTED` where nothing freezes; `KERNEL`, `NOT_PERMITTED`.
 */
export function freeze(paths: CgroupPaths, frozen: boolean): void {
  const freezer = freezerOf(paths)
  if (freezer === undefined) {
    if (!frozen) return
    throw new RuntimeError('UNSUPPORTED', 'freeze: no freezer controller here', { want: 'freezer' })
  }
  try {
    ask(freezer, frozen)
  } catch (error) {
    // Somebody else has ended the container meanwhile, and its cgroup is gone: nothing is frozen in there.
    if (!frozen && isGone(error)) return
    throw error
  }
  const deadline = Date.now() + PATIENCE
  for (let round = 1; isWholly(freezer) !== frozen; round++) {
    if (Date.now() > deadline) throw gaveUp(freezer, frozen)
    pause(POLL)
    if (freezer.version === 1 && frozen) {
      if (round % THAW_EVERY === 0) ask(freezer, false)
      ask(freezer, true)
    }
  }
}

/** Whether a container was frozen itself: not with a cgroup above it. False when its cgroups are not there. */
export function isFrozen(paths: CgroupPaths): boolean {
  const freezer = freezerOf(paths)
  if (freezer === undefined) return false
  const file = freezer.version === 1 ? 'freezer.self_freezing' : 'cgroup.freeze'
  return readControl(freezer.folder, file) === '1'
}

function ask({ version, folder }: Freezer, frozen: boolean): void {
  if (version === 1) writeControl(folder, 'freezer.state', frozen ? 'FROZEN' : 'THAWED')
  else writeControl(folder, 'cgroup.freeze', frozen ? '1' : '0')
}

// v1 says FREEZING while some still run.
function isWholly({ version, folder }: Freezer): boolean {
  if (version === 1) return readControl(folder, 'freezer.state') === 'FROZEN'
  return readPairs(folder, 'cgroup.events').get('frozen') === '1'
}

function gaveUp(freezer: Freezer, frozen: boolean): RuntimeError {
  const got = readControl(freezer.folder, freezer.version === 1 ? 'freezer.state' : 'cgroup.events')
  // Half frozen is worse than running.
  if (frozen) ask(freezer, false)
  return new RuntimeError(
    'TIMEOUT',
    `${freezer.folder}: not ${frozen ? 'frozen' : 'thawed'} after ${PATIENCE / 1000} s`,
    {
      where: freezer.folder,
      want: frozen ? 'frozen' : 'thawed',
      got,
      hint: frozen ? undefined : 'a cgroup above it is frozen',
    },
  )
}
