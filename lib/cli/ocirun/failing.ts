import { isOciError } from '../../errors.ts'
import { ExitError } from './log.ts'

/** Says which operation it was that failed, in the words that programs which drive runc look for. */
export async function failing<T>(verb: string, work: () => Promise<T>, status = 1): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { message } = error as Error
    const starting = isOciError(error) && error.data.step !== undefined
    const hint = isOciError(error) && error.data.hint ? ` (${error.data.hint})` : ''
    const name = verb === 'exec' ? 'exec' : `ocirun ${verb}`
    throw new ExitError(
      status,
      `${name} failed: ${starting ? 'unable to start container process: ' : ''}${message}${hint}`,
      error,
    )
  }
}
