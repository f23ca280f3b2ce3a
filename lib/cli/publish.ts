import { BROKER, BROKER_HELP, chosenBroker } from './chosen-broker.js'
import { textOf, type Call, type Command, type ExitCode } from './command.js'
import { loadApp } from './load-app.js'
import { writeJson } from './output.js'
import { publishChecked } from './publish-checked.js'
import { UsageError } from './usage-error.js'

export const publish: Command = {
  usage: 'faststream publish [app] --topic orders --value \'{"id":"1"}\' [--key 1] [--header name=value] [--json]',
  help: `Publishes one message, as the app does: a publisher of the topic checks and encodes it. A topic that the app
only reads gets what its subscriber can decode.

  --topic orders             a topic that the app declares
  --value '{"id":"1"}'       JSON; null is a tombstone
  --text hello               text instead of JSON
  --key 1                    the key
  --header name=value        a header, or several separated by commas
${BROKER_HELP}`,
  options: {
    ...BROKER,
    topic: { type: 'string' },
    value: { type: 'string' },
    text: { type: 'string' },
    key: { type: 'string' },
    header: { type: 'string' }
  },
  run
}

async function run ({ values, positionals: [file], rest, out }: Call): Promise<ExitCode> {
  const topic = textOf(values, 'topic')
  if (topic === undefined) throw new UsageError('name the topic: --topic orders')
  const value = valueOf(textOf(values, 'value'), textOf(values, 'text'))
  const key = textOf(values, 'key')
  const headers = headersOf(textOf(values, 'header'))
  const app = await loadApp({ file, rest, connects: true })
  try {
    const broker = chosenBroker(app, values)
    const declared = [...broker.topics].sort()
    if (!declared.includes(topic)) {
      throw new UsageError(`the app declares no topic '${topic}': there are ${declared.join(', ')}`)
    }
    const place = await publishChecked(app, broker, topic, { value, key, headers })
    if (values.json === true) writeJson(out, place)
    else out.write(`${place.topic}:${place.partition}:${place.offset}\n`)
    return 0
  } finally {
    await app.close()
  }
}

/** @throws UsageError */
function valueOf (json: string | undefined, text: string | undefined): unknown {
  if (text !== undefined && json === undefined) return text
  if (json === undefined) throw new UsageError('write the value: --value \'{"id":"1"}\', or --text hello')
  try {
    return JSON.parse(json) as unknown
  } catch (cause) {
    throw new UsageError(`--value is no JSON: ${json.slice(0, 100)}`, { cause })
  }
}

/** @throws UsageError */
function headersOf (text: string | undefined): Record<string, string> {
  const pairs = text?.split(',').map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw new UsageError(`'${pair}' is no header: write name=value`)
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  return Object.fromEntries(pairs ?? [])
}
