#!/usr/bin/env node
const { spawnSync }: typeof import('node:child_process') = require('node:child_process')
const { existsSync }: typeof import('node:fs') = require('node:fs')
const { join }: typeof import('node:path') = require('node:path')

// The door for whatever Node a machine has: an older one would end in a stack trace before the first line of ours. Set-up
// brings Node 24 into .node of a checkout; without it, one sentence says what is wanted.
const WANTED = 24
const PROGRAM = join(__dirname, 'ocilab.js')
const BROUGHT = join(__dirname, '../../.node/node_modules/node/bin/node')

if (Number(process.versions.node.split('.')[0]) >= WANTED) import(PROGRAM)
else if (existsSync(BROUGHT)) {
  const { status, error } = spawnSync(BROUGHT, [PROGRAM, ...process.argv.slice(2)], { stdio: 'inherit' })
  if (error) process.stderr.write(`ocilab: ${error.message}\n`)
  process.exitCode = status ?? 130
} else {
  process.stderr.write(`ocilab: needs Node ${WANTED} or newer (got ${process.version}); npm start brings it\n`)
  process.exitCode = 1
}
