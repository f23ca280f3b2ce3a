import { mkdir, writeFile } from 'node:fs/promises'

export interface NodeAddress {
  readonly port: number
  readonly controllerPort: number
  readonly proxied: ProxiedAddress
  /** Listeners beside the plain and the proxied one, each with a comma before it. */
  readonly moreListeners?: string
}

/** A second listener, whose clients are sent to a proxy in front of it. */
export interface ProxiedAddress {
  readonly port: number
  /** Where the proxy has to listen. */
  readonly proxyPort: number
}

export const host = '127.0.0.1'
const PLAIN = ['PLAINTEXT', 'CONTROLLER', 'PROXIED']

/** Writes what node `id` (from 1) is started with, and returns the path of its properties. */
export async function writeSettings (
  directory: string, id: number, addresses: readonly NodeAddress[], more: Readonly<Record<string, string>> = {}
): Promise<string> {
  const own = addresses[id - 1]
  if (own === undefined) throw new RangeError(`no node ${id}`)
  const replicas = addresses.length
  const minInSync = replicas > 1 ? 2 : 1
  const path = `${directory}/node${id}.properties`
  const listeners = (proxied: number) => (
    `PLAINTEXT://${host}:${own.port},PROXIED://${host}:${proxied}${own.moreListeners ?? ''}`)

  await mkdir(`${directory}/data${id}`)
  await writeFile(path, toProperties({
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': addresses.map(
      ({ controllerPort }, index) => `${index + 1}@${host}:${controllerPort}`
    ).join(),
    listeners: `${listeners(own.proxied.port)},CONTROLLER://${host}:${own.controllerPort}`,
    'advertised.listeners': listeners(own.proxied.proxyPort),
    'listener.security.protocol.map':
      `${PLAIN.map((name) => `${name}:PLAINTEXT`).join()},SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': `${directory}/data${id}`,

    'num.partitions': 3,
    'default.replication.factor': replicas,
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
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
    'log.segment.bytes': 2 ** 26,
    ...more
  }))
  return path
}

/** Quiet, but for the line that says a node is up: log4j2 for Kafka 4, log4j for Kafka 3. */
export async function writeLogSettings (directory: string): Promise<readonly string[]> {
  await writeFile(`${directory}/log4j2.properties`, toProperties({
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
  await writeFile(`${directory}/log4j.properties`, toProperties({
    'log4j.rootLogger': 'WARN, console',
    'log4j.appender.console': 'org.apache.log4j.ConsoleAppender',
    'log4j.appender.console.layout': 'org.apache.log4j.PatternLayout',
    'log4j.appender.console.layout.ConversionPattern': '%d %p %m (%c)%n',
    'log4j.logger.kafka.server.KafkaRaftServer': 'INFO'
  }))
  return [
    `-Dlog4j2.configurationFile=${directory}/log4j2.properties`,
    `-Dlog4j.configuration=file:${directory}/log4j.properties`
  ]
}

function toProperties (settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('')
}
