#!/usr/bin/env node
import { run } from './run.js'

const stop = new AbortController()
// A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => { stop.abort() })
// Node's own exit code would say that something was found.
process.once('uncaughtException', (error) => {
  process.stderr.write(`${error.stack}\n`, () => { process.exit(2) })
})
const code = await run(process.argv.slice(2), process.stdout, process.stderr, stop.signal)
// What the app keeps open does not keep the command: its output is written first.
process.stdout.write('', () => { process.exit(code) })
