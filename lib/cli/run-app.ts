import { textOf, type Call, type Command, type ExitCode, type Values } from './command.js'
import { fileOf } from './find-app.js'
import { serveApp } from './serve-app.js'
import { numberOf } from './selecting.js'
import { supervise } from './supervise.js'
import { UsageError } from './usage-error.js'

/** Options of a command that listens. */
export const LISTENING: Command['options'] = {
  host: { type: 'string' }, port: { type: 'string' }, watch: { type: 'boolean' }
}

export const LISTENING_HELP = `  --host localhost           where it listens; 0.0.0.0 in a container
  --port 3000                else the variable PORT, else 3000; 0 is any port that is free
  --watch                    begins anew when a source file below this folder changes`

export const runApp: Command = {
  usage: 'faststream run [app] [--host localhost] [--port 3000] [--watch] [--workers 4] [-- options of the app]',
  help: `Runs an app: it serves HTTP, its subscribers join their groups, and a signal ends it. On SIGTERM, SIGINT and
SIGHUP the app reads no more, ends the messages that run, commits and leaves its groups. Exit code 0: that is done; 1:
it ended by itself, or a worker was killed; 2: it did not start. This is the one command whose app joins its groups.

${LISTENING_HELP}
  --workers 4                as many processes, which share the port and the partitions of the groups. One that dies
                             begins anew. SIGUSR2 replaces them one after the other: each drains before its successor
                             begins. FASTSTREAM_WORKER is 1, 2, 3, ... in each, as for a static groupInstanceId
  -- --name value            options of the app: what a plugin gets as its options, and a function as its argument

A plugin gets a server that logs; its module may export the options of the server as 'options', as for fastify-cli.`,
  options: { ...LISTENING, workers: { type: 'string' } },
  run
}

async function run (call: Call): Promise<ExitCode> {
  const { values, positionals: [file] } = call
  const workers = numberOf(values, 'workers')
  if (workers !== undefined && (workers < 1 || !Number.isInteger(workers))) {
    throw new UsageError('--workers must be a whole number of 1 at least')
  }
  const place = placeOf(values)
  const found = fileOf(file)
  if (workers === undefined && values.watch !== true) return await serveApp(found, place, call)
  return await supervise({ command: ['run'], file: found, place, workers: workers ?? 1 }, call)
}

/** Where a command listens. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** @throws UsageError */
export function placeOf (values: Values): Place {
  const port = numberOf(values, 'port') ?? Number(process.env.PORT || 3000)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError('the port must be 0 to 65535')
  return { host: textOf(values, 'host') ?? 'localhost', port }
}
