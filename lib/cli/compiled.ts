import { mkdirSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Each command is a process. All but its first file comes from a cache of compiled code, which halves the time until a
 * verb begins. Such code is run without another look: in a folder that others can write to, as /tmp is, it would be theirs.
 */
export function keepCompiled(): void {
  const place = process.getuid?.() === 0 ? '/run' : (process.env.XDG_RUNTIME_DIR ?? join(homedir(), '.cache'))
  const folder = join(place, 'ocilab-compiled')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    nodeModule.enableCompileCache(folder)
  } catch {
    // Where there is no place for it, the code is compiled each time.
  }
}
