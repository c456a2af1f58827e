/** Watches that a transfer lives: it is dead when less than a little has moved for a while, whatever TCP says. */
export interface Pulse {
  readonly isDead: boolean
  start(dead: () => void): void
  moved(bytes: number): void
  /** The network rests while somebody on this side works: that time does not count. */
  rest(resting: boolean): void
  stop(): void
}

// A byte now and then would keep a plain time-out away for ever: so much has to come each time.
const LEAST = 1 << 10

// In milliseconds. Asked for performance.now(), Node first loads all of node:perf_hooks: 2 ms of each pull.
const now = () => Number(process.hrtime.bigint()) / 1e6

/** `idle` in milliseconds. */
export function pulse(idle: number): Pulse {
  let timer: NodeJS.Timeout | undefined
  let moved = 0
  let rested = 0
  let since: number | undefined
  let isDead = false
  const endRest = () => {
    if (since !== undefined) rested += now() - since
    since = undefined
  }
  return {
    get isDead() {
      return isDead
    },
    start(dead) {
      const check = () => {
        const isResting = since !== undefined
        endRest()
        isDead = moved < LEAST && rested < idle / 2
        if (isDead) return dead()
        moved = 0
        rested = 0
        if (isResting) since = now()
        timer?.refresh()
      }
      timer = setTimeout(check, idle)
    },
    moved(bytes) {
      moved += bytes
    },
    rest(resting) {
      endRest()
      if (resting) since = now()
    },
    stop() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
