import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Address of local nodes. */
export const HOST = '127.0.0.1'

export type Properties = Readonly<Record<string, string | number>>

/** Settings of one node of a local cluster: quick in what tests wait for, and small. `id` counts from 1. */
export function nodeSettings (directory: string, id: number, nodes: number): Properties {
  const minInSync = nodes > 1 ? 2 : 1
  return {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(directory, `data${id}`),

    'num.partitions': 3,
    'default.replication.factor': nodes,
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': nodes,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': nodes,
    'transaction.state.log.min.isr': minInSync,
    'transaction.state.log.num.partitions': 4,

    // Tests wait for rebalances and failovers: let them be quick.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'controller.quorum.election.timeout.ms': 500,
    'controller.quorum.election.backoff.max.ms': 300,
    'controller.quorum.fetch.timeout.ms': 1000,

    // Small: three of them share a laptop with the tests.
    'num.network.threads': 2,
    'num.io.threads': 2,
    'background.threads': 2,
    'log.cleaner.dedupe.buffer.size': 2 ** 21,
    'log.index.size.max.bytes': 2 ** 20,
    'log.segment.bytes': 2 ** 26
  }
}

/** Writes the settings of a node, makes the directory of its data, and returns the path of its properties. */
export async function writeSettings (directory: string, id: number, settings: Properties): Promise<string> {
  const path = join(directory, `node${id}.properties`)
  await mkdir(join(directory, `data${id}`))
  await writeFile(path, toProperties(settings))
  return path
}

/**
 * Writes the settings of logging: quiet, but for the line that says that a node is up; log4j2 for Kafka 4, log4j for
 * Kafka 3. Returns arguments of Java.
 */
export async function writeLogSettings (directory: string): Promise<readonly string[]> {
  await writeFile(join(directory, 'log4j2.properties'), toProperties({
    status: 'error',
    'appender.console.type': 'Console',
    'appender.console.name': 'console',
    'appender.console.layout.type': 'PatternLayout',
    'appender.console.layout.pattern': '%d %p %m (%c)%n',
    'rootLogger.level': 'warn',
    'rootLogger.appenderRef.console.ref': 'console',
    'logger.server.name': 'kafka.server.KafkaRaftServer',
    'logger.server.level': 'info'
  }))
  await writeFile(join(directory, 'log4j.properties'), toProperties({
    'log4j.rootLogger': 'WARN, console',
    'log4j.appender.console': 'org.apache.log4j.ConsoleAppender',
    'log4j.appender.console.layout': 'org.apache.log4j.PatternLayout',
    'log4j.appender.console.layout.ConversionPattern': '%d %p %m (%c)%n',
    'log4j.logger.kafka.server.KafkaRaftServer': 'INFO'
  }))
  return [
    `-Dlog4j2.configurationFile=${join(directory, 'log4j2.properties')}`,
    `-Dlog4j.configuration=file:${join(directory, 'log4j.properties')}`
  ]
}

function toProperties (settings: Properties): string {
  return Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('')
}
