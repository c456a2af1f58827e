/** How Docker puts things for people to read. */
import type { PublishedPort } from '../../network/nat.ts'
import type { Status } from './status.ts'

/** `Up 3 seconds`, `Exited (0) 2 minutes ago`, `Created` */
export function statusWords({ status, startedAt, finishedAt, exitCode, error }: Status, now = Date.now()): string {
  if (status === 'created') return 'Created'
  // One that could not be started is as it was before.
  if (status === 'exited' && startedAt === undefined && error !== undefined) return 'Created'
  if (status === 'exited') return `Exited (${exitCode}) ${ago(finishedAt, now)}`
  return `Up ${since(startedAt, now)}${status === 'paused' ? ' (Paused)' : ''}`
}

/** `2 minutes ago` */
export function ago(time: string | undefined, now = Date.now()): string {
  return `${since(time, now)} ago`
}

/** `0.0.0.0:8000->8000/tcp, [::]:8000->8000/tcp` */
export function portWords(published: readonly PublishedPort[] = []): string {
  return published
    .map(({ hostIp, hostPort, containerPort, protocol }) => {
      const host = hostIp.includes(':') ? `[${hostIp}]` : hostIp
      return `${host}:${hostPort}->${containerPort}/${protocol}`
    })
    .join(', ')
}

function since(time: string | undefined, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(time ?? new Date(now).toISOString())) / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.round(seconds / 3600)
  if (seconds < 1) return 'Less than a second'
  if (seconds < 60) return seconds === 1 ? '1 second' : `${seconds} seconds`
  if (minutes < 60) return minutes === 1 ? 'About a minute' : `${minutes} minutes`
  if (hours < 48) return hours === 1 ? 'About an hour' : `${hours} hours`
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`
  return `${Math.floor(hours / 24 / 365)} years`
}
