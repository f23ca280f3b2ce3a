import { brokersOf } from '../broker/app-brokers.js'
import type { Call, Command, ExitCode } from './command.js'
import { loadApp } from './load-app.js'
import { writeJson, writeTable } from './output.js'

const SUBSCRIBER = ['subscriber', 'topics', 'group', 'ack policy', 'order', 'at once', 'retries', 'dead letters']

export const describe: Command = {
  usage: 'faststream describe [app] [--json]',
  help: 'Lists the subscribers and publishers of an app with their options. No cluster is contacted.',
  options: {},
  run
}

async function run ({ values, positionals: [file], rest, out }: Call): Promise<ExitCode> {
  const app = await loadApp({ file, rest, connects: false })
  try {
    const brokers = [...brokersOf(app).byName.values()]
    // The column of a broker is for those that have several.
    const ofBroker = (name: string): readonly string[] => brokers.length > 1 ? [name] : []
    const subscribers = brokers.flatMap(({ name: broker, registry }) => registry.subscribers.map((each) => ({
      broker,
      name: each.name,
      topics: each.topics,
      groupId: each.groupId,
      ackPolicy: each.ackPolicy,
      ordering: each.ordering,
      concurrency: each.concurrency,
      retries: each.retry.retries,
      deadLetterTopics: [...each.deadLetterTopics.values()],
      breaker: each.breaker
    })))
    const publishers = brokers.flatMap(({ name: broker, registry }) => registry.publishers.map((each) => ({
      broker, topic: each.topic, hasSchema: each.declaration.schema?.value !== undefined
    })))
    if (values.json === true) {
      writeJson(out, { subscribers, publishers })
      return 0
    }
    writeTable(
      out,
      [...ofBroker('broker'), ...SUBSCRIBER],
      subscribers.map(({ broker, name, topics, groupId, deadLetterTopics, ...each }) => [
        ...ofBroker(broker), name, topics.join(','), groupId ?? '-', each.ackPolicy, each.ordering,
        String(each.concurrency), String(each.retries), deadLetterTopics.join(',') || '-'
      ])
    )
    out.write('\n')
    const rows = publishers.map(({ broker, topic, hasSchema }) => (
      [...ofBroker(broker), topic, hasSchema ? 'yes' : 'no']))
    writeTable(out, [...ofBroker('broker'), 'publisher of', 'schema'], rows)
    return 0
  } finally {
    await app.close()
  }
}
