import { isSystemError } from '../../errors.ts'

const FORWARDED = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGALRM'] as const

/** What is sent to us is for the container's program; answers what ends that. ≙ runc's signal handler */
export function forwardSignals(pid: number): () => void {
  const forward = (signal: NodeJS.Signals): void => {
    try {
      process.kill(pid, signal)
    } catch (error) {
      // It has just ended: we are about to hear of that.
      if (!isSystemError(error, 'ESRCH')) throw error
    }
  }
  for (const signal of FORWARDED) process.on(signal, forward)
  return () => {
    for (const signal of FORWARDED) process.off(signal, forward)
  }
}
