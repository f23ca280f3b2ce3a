import { parseArgs } from 'node:util'
import type { Call, Command, ExitCode, Output } from './command.js'
import { MESSAGE_LIMIT, oneLine } from '../foreign-text.js'
import { reasonOf } from '../to-error.js'
import { UsageError } from './usage-error.js'

/** The verbs. Each is loaded when it is called: help needs no Fastify. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run-app.js')).runApp,
  describe: async () => (await import('./describe.js')).describe,
  check: async () => (await import('./doctor/doctor.js')).check,
  doctor: async () => (await import('./doctor/doctor.js')).doctor,
  'docs build': async () => (await import('./docs.js')).docsBuild,
  'docs serve': async () => (await import('./docs.js')).docsServe,
  'dlq list': async () => (await import('./dlq.js')).dlqList,
  'dlq show': async () => (await import('./dlq.js')).dlqShow,
  'dlq redrive': async () => (await import('./dlq-write.js')).dlqRedrive,
  'dlq discard': async () => (await import('./dlq-write.js')).dlqDiscard,
  replay: async () => (await import('./replay.js')).replay,
  publish: async () => (await import('./publish.js')).publish,
  tail: async () => (await import('./tail.js')).tail
}

const HELP = `faststream: runs an app that uses fastify-faststream, looks at it, and mends it

  faststream run [app]            runs the app; --watch, --workers 4
  faststream describe [app]       subscribers and publishers, with their options
  faststream check [app]          whether the app can start and read on its cluster
  faststream doctor [app]         whether the cluster keeps what the app promises
  faststream docs build [app]     the AsyncAPI document
  faststream docs serve [app]     the page of the document
  faststream dlq list [app]       dead letters
  faststream dlq show [app]       one dead letter, and whether it would be valid now
  faststream dlq redrive [app]    publishes dead letters again, for the group that failed
  faststream dlq discard [app]    marks dead letters as done
  faststream replay [app]         publishes a range of a topic again, for one group
  faststream publish [app]        publishes one message, which is checked
  faststream tail [app]           shows the messages of a topic

[app] is a file that exports an app, a function 'build', or a plugin as fastify-cli runs it; without it app.js, app.ts,
src/app.js and the like are tried. TypeScript needs tsx in the app. What stands behind -- are options of the app. Only
run joins groups of the app and runs its subscribers; only run, publish, replay, redrive and discard write anything.

  --json    the result as JSON
  --help    the options of a command

Exit codes: 0 all is well, 1 something was found, 2 it could not be told.
`

/** Most causes of an error that are told. */
const MOST_CAUSES = 4

const COMMON = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const

/** Runs one command. `err`: where mistakes are told. */
export async function run (
  argv: readonly string[], out: Output, err: Output, signal: AbortSignal = new AbortController().signal
): Promise<ExitCode> {
  try {
    return await runCommand(argv, out, err, signal)
  } catch (thrown) {
    err.write(`faststream: ${[textOf(thrown), ...causesOf(thrown)].join('\n  cause: ')}\n`)
    return 2
  }
}

/** Errors that mean a mistake in the code of an app. */
const MISTAKES = [TypeError, ReferenceError, RangeError, SyntaxError]

/** The message of an error; of a mistake in the code of the app, such as a TypeError, also where it was made. */
function textOf (thrown: unknown): string {
  const isMistake = thrown instanceof Error && MISTAKES.some((type) => thrown instanceof type)
  if (!isMistake || 'code' in thrown || thrown.stack === undefined) return reasonOf(thrown)
  return thrown.stack.split('\n').filter((line) => !line.includes('node:internal')).join('\n').trimEnd()
}

/** What led to an error, a line each. An operator may see what it names, as hosts; an HTTP client may not. */
function causesOf (thrown: unknown): readonly string[] {
  const causes: string[] = []
  // The message of a mistake has all that is to be told.
  if (thrown instanceof UsageError) return causes
  for (let each = thrown; each instanceof Error && each.cause !== undefined && causes.length < MOST_CAUSES;) {
    each = each.cause
    causes.push(oneLine(reasonOf(each), MESSAGE_LIMIT))
  }
  return causes
}

async function runCommand (
  argv: readonly string[], out: Output, err: Output, signal: AbortSignal
): Promise<ExitCode> {
  const name = [argv.slice(0, 2).join(' '), argv[0] ?? ''].find((each) => Object.hasOwn(COMMANDS, each))
  if (name === undefined) {
    if (argv.length > 0 && argv[0] !== '--help' && argv[0] !== '-h') {
      throw new UsageError(`there is no command '${argv.join(' ')}': there are ${Object.keys(COMMANDS).join(', ')}`)
    }
    out.write(HELP)
    return 0
  }
  const command = await COMMANDS[name]!()
  const args = argv.slice(name.split(' ').length)
  const end = args.indexOf('--')
  const rest = end < 0 ? [] : args.slice(end + 1)
  const { values, positionals } = parse(end < 0 ? args : args.slice(0, end), command)
  if (values.help === true) {
    out.write(`${command.usage}\n\n${command.help}\n`)
    return 0
  }
  return await command.run({ values: values as Call['values'], positionals, rest, out, err, signal })
}

function parse (args: readonly string[], { options, usage }: Command): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args: [...args], options: { ...COMMON, ...options }, allowPositionals: true })
  } catch (cause) {
    throw new UsageError(`${reasonOf(cause)}\nusage: ${usage}`, { cause })
  }
}
