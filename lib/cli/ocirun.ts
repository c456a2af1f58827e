#!/usr/bin/env node
import { keepCompiled } from './compiled.ts'

keepCompiled()

import('./ocirun/main.ts')
  .then(({ main }) => main(process.argv.slice(2)))
  .catch(error => {
    // Not even loaded: what reports errors otherwise is part of what is missing.
    process.stderr.write(`ocirun: ${String(error?.message ?? error).split('\n')[0]}\n`)
    return 1
  })
  // Not only its exitCode: to clear away its memory takes Node milliseconds, and the kernel does it anyway.
  .then(status => process.exit(status))
