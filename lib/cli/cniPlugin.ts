#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { text } from 'node:stream/consumers'
import { serve } from '../network/cni/plugin/main.ts'

enableCompileCache()

// A runtime calls it by a file with the plugin's name (`ocilab cni plugins`), which says the name here.
const { out, status } = await serve(process.argv[2] ?? '', process.env, await text(process.stdin))
process.stdout.write(out)
process.exitCode = status
