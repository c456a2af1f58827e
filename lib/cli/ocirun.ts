#!/usr/bin/env node
import { mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Each operation is a process. All but this file comes from a cache of compiled code, which halves the time until a verb
// begins. Such code is run without another look: in a folder that others can write to, as /tmp is, it would be theirs.
const mine = process.env.XDG_RUNTIME_DIR
const compiled = join(process.getuid?.() === 0 || !mine ? '/run' : mine, 'ocirun-compiled')
try {
  mkdirSync(compiled, { recursive: true, mode: 0o700 })
  enableCompileCache(compiled)
} catch {
  // Where there is no place for it, the code is compiled each time.
}

import('./ocirun/main.ts')
  .then(({ main }) => main(process.argv.slice(2)))
  .catch(error => {
    // Not even loaded: what reports errors otherwise is part of what is missing.
    process.stderr.write(`ocirun: ${String(error?.message ?? error).split('\n')[0]}\n`)
    return 1
  })
  // Not only its exitCode: to clear away its memory takes Node milliseconds, and the kernel does it anyway.
  .then(status => process.exit(status))
