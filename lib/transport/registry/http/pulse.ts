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

/** `idle` in milliseconds. */
export function pulse(idle: number): Pulse {
  let timer: NodeJS.Timeout | undefined
  let moved = 0
  let rested = 0
  let since: number | undefined
  let isDead = false
  const endRest = () => {
    if (since !== undefined) rested += performance.now() - since
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
        if (isResting) since = performance.now()
        timer?.refresh()
      }
      timer = setTimeout(check, idle)
    },
    moved(bytes) {
      moved += bytes
    },
    rest(resting) {
      endRest()
      if (resting) since = performance.now()
    },
    stop() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
