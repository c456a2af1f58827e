#!/usr/bin/env node
import { keepCompiled } from './compiled.ts'

const WANTED = 24
const GRACE = 500

/**
 * The door for whatever Node a machine has: an older one would end in a stack trace before the first line of ours. Set-up
 * brings Node 24 into .node of a checkout; without it, one sentence says what is wanted.
 */
async function start(args: string[]): Promise<number> {
  if (Number(process.versions.node.split('.')[0]) < WANTED) return onNewerNode(args)
  keepCompiled()
  process.on('uncaughtException', lost)
  const { main } = await import('./main.ts')
  return main(args)
}

let readerGone = false

/** An error that nobody waits for: most often whoever read what is said has gone, as `head` does. That ends us as SIGPIPE does others. */
async function lost(error: NodeJS.ErrnoException): Promise<void> {
  // The kernel of the notebooks tells the cell that lost it.
  if (process.listenerCount('uncaughtException') > 1) return
  const { READER_GONE, report } = await import('./report.ts')
  if (error.code !== 'EPIPE') process.exit(report(error))
  // A verb that has to clean up listens; it is told once.
  if (!readerGone && !process.emit('SIGTERM', 'SIGPIPE')) process.exit(READER_GONE)
  readerGone = true
}

function signalOf(status: number): NodeJS.Signals {
  return status === 130 ? 'SIGINT' : 'SIGTERM'
}

async function onNewerNode(args: string[]): Promise<number> {
  const { spawnSync } = await import('node:child_process')
  const { existsSync } = await import('node:fs')
  const { join } = await import('node:path')
  const { PACKAGE, PROGRAM } = await import('../package.ts')
  const brought = join(PACKAGE, '.node/node_modules/node/bin/node')
  if (!existsSync(brought))
    throw new Error(`needs Node ${WANTED} or newer (got ${process.version}); npm start brings it`)
  const { status, error } = spawnSync(brought, [PROGRAM, ...args], { stdio: 'inherit' })
  if (error) throw error
  return status ?? 130
}

start(process.argv.slice(2))
  .catch(error => {
    // Not even loaded: what reports errors otherwise is part of what is missing.
    process.stderr.write(`ocilab: ${String(error?.message ?? error).split('\n')[0]}\n`)
    return 1
  })
  .then(status => {
    // Not exit(): a pipe may still be full of what was said.
    process.exitCode = status
    // A read that nobody waits for any more may never end, and Node would wait for it: even exit() does.
    if (status === 130 || status === 143) setTimeout(() => process.kill(process.pid, signalOf(status)), GRACE).unref()
  })
