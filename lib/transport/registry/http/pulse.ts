/** Watches that a transfer lives: it is dead when less than a little has moved for a while, whatever TCP says. */
export interface Pulse {
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
  let rested = false
  return {
    start(dead) {
      const check = () => {
        if (moved < LEAST && !rested) return dead()
        moved = 0
        timer?.refresh()
      }
      timer = setTimeout(check, idle)
    },
    moved(bytes) {
      moved += bytes
    },
    rest(resting) {
      rested = resting
      // A rest that ends starts the clock anew.
      if (!resting) timer?.refresh()
    },
    stop() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
