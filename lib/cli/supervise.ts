import { writeSync } from 'node:fs'
import type { Command } from 'commander'
import { removeIfAsked } from '../engine/run/end.ts'
import { type SupervisorWord, WORDS } from '../engine/run/start.ts'
import { supervise } from '../engine/run/supervise.ts'
import { isOciError, isSystemError } from '../errors.ts'
import { type HomeFlags, homeCommand, journaled } from './home.ts'

/** The program that stays with a detached container. Nobody calls it by hand: it tells its words on descriptor 3. */
export function command(): Command {
  return homeCommand('Starts a container and stays with it to its end.')
    .argument('<container>')
    .action((id: string, flags: HomeFlags) =>
      journaled(flags, async (home, options) => {
        try {
          await supervise(home, id, {
            onEvent(event) {
              options.onEvent?.(event)
              if (event.type === 'command') tell({ word: 'command', line: event.line })
            },
            warn: message => tell({ word: 'warning', message }),
            started: pid => tell({ word: 'started', pid }),
          })
        } catch (error) {
          if (!isOciError(error)) throw error
          tell({ word: 'failed', code: error.code, message: error.message, data: error.data })
          return
        }
        await removeIfAsked(home, { id }, options)
      }),
    )
}

/** Whoever asked may have gone: then the container goes on all the same. */
function tell(word: SupervisorWord): void {
  try {
    writeSync(WORDS, `${JSON.stringify(word)}\n`)
  } catch (error) {
    if (!isSystemError(error, 'EPIPE') && !isSystemError(error, 'ECONNRESET') && !isSystemError(error, 'EBADF'))
      throw error
  }
}
