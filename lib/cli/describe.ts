import { brokersOf } from '../broker/app-brokers.js'
import type { Call, Command, ExitCode } from './command.js'
import { loadApp } from './load-app.js'
import { writeJson, writeTable } from './output.js'

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
      ['subscriber', 'topics', 'group', 'ack policy', 'order', 'at once', 'retries', 'dead letters'],
      subscribers.map(({ name, topics, groupId, ackPolicy, ordering, concurrency, retries, deadLetterTopics }) => [
        name, topics.join(','), groupId ?? '-', ackPolicy, ordering, String(concurrency), String(retries),
        deadLetterTopics.join(',') || '-'
      ])
    )
    out.write('\n')
    const rows = publishers.map(({ topic, hasSchema }) => [topic, hasSchema ? 'yes' : 'no'])
    writeTable(out, ['publisher of', 'schema'], rows)
    return 0
  } finally {
    await app.close()
  }
}
