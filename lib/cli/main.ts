#!/usr/bin/env node
import { run } from './run.js'

const stop = new AbortController()
process.once('SIGINT', () => { stop.abort() })
process.once('SIGTERM', () => { stop.abort() })
const code = await run(process.argv.slice(2), process.stdout, process.stderr, stop.signal)
// What the app keeps open does not keep the command: its output is written first.
process.stdout.write('', () => { process.exit(code) })
