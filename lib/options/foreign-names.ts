/*
 * Names of options in FastStream and FastKafka, with what to write here. Data only: the error of an unknown option
 * reads it, and tests hold docs/from-faststream.md and docs/from-fastkafka.md against it. A name that is ours, too, is
 * here for the places that do not take it.
 */

const NOT_YET = 'there is no such option yet'
const PLUGIN = 'an option of the plugin'

/** Names of `KafkaRouter`, `subscriber`, `publisher`, `include_router`, `KafkaBroker` and `publish`. */
export const FASTSTREAM_NAMES: Readonly<Record<string, string>> = {
  // Where an option stands beside the call, or is one of another call.
  topics: 'the first argument names them: subscriber([topic, topic], options, handler)',
  topic: 'the first argument names it: publisher(topic, options)',
  handlers: 'an option of new KafkaRouter()',
  routers: 'an option of new KafkaRouter()',
  router: 'the first argument of includeRouter(router, options)',
  prefix: "use 'topicPrefix' of the plugin or of a scope, or 'prefix' of new KafkaRouter()",
  schema: "use 'schema' of a subscriber or of a publisher",
  key: "use 'key' of a publisher, or of one publish",
  headers: "use 'headers' of a publisher, or of one publish",
  partition: "use 'partition' of a publisher, or of one publish",

  // Groups and offsets.
  group_id: "use 'groupId'",
  group_instance_id: "use 'groupInstanceId'",
  auto_offset_reset: "use 'offsetReset'; its default is 'earliest', not 'latest'",
  auto_commit: "use 'ackPolicy': an offset is committed when its message and all before it are settled",
  auto_commit_interval_ms: `use 'commit.interval', ${PLUGIN}, ms`,
  ack_policy: "use 'ackPolicy'; its default is 'REJECT_ON_ERROR'",
  no_ack: "use ackPolicy: 'MANUAL'",
  partition_assignment_strategy: 'leave it out: partitions are shared evenly, and each stays where it is if it can',
  rebalance_timeout_ms: "use 'rebalanceTimeout', ms",
  session_timeout_ms: "use 'sessionTimeout', ms",
  heartbeat_interval_ms: "use 'heartbeatInterval', ms",
  max_poll_interval_ms: "use 'handlerTimeout': heartbeats do not wait for handlers, so a slow one stays in the group",
  listener: "use 'listener' of subscriber(): { onAssigned, onRevoked, onLost }",

  // Reading.
  max_workers: "use 'concurrency', and 'ordering' for what must stay in order",
  fetch_max_bytes: "use 'fetch.maxBytes', bytes",
  fetch_min_bytes: "use 'fetch.minBytes', bytes",
  fetch_max_wait_ms: "use 'fetch.maxWait', ms",
  max_partition_fetch_bytes: "use 'fetch.maxBytesPerPartition', bytes",
  max_poll_records: `use 'buffer.messages', ${PLUGIN}`,
  consumer_timeout_ms: 'leave it out: nothing polls, a record is handled when it arrives',
  check_crcs: "use 'checkCrcs'",
  isolation_level: "use 'isolationLevel'; its default is 'read_committed'",
  exclude_internal_topics: 'leave it out: an internal topic is read only by a subscriber that names it, by no pattern',
  batch: NOT_YET,
  batch_timeout_ms: NOT_YET,
  max_records: NOT_YET,
  pattern: 'the first argument is one: subscriber(/^orders\\./, handler), or with placeholders: orders.{region}',
  partitions: "use 'partitions' of subscriber(): numbers, of each of its topics",
  persistent: 'leave it out: a subscriber that is declared after ready() has start() and stop()',

  // What is done with a message.
  dependencies: "use 'deps', found at message.deps",
  middlewares: "use 'middlewares' of the plugin or of a subscriber",
  middleware: 'the first argument is one: app.broker.addMiddleware(middleware)',
  parser: "use 'parser' of a subscriber or of the plugin",
  decoder: "use 'decoder' or 'codec' of a subscriber or of the plugin",
  key_deserializer: "use 'schema.key' for a key that is text, and 'codec.key' for any other",
  value_deserializer: "use 'codec' or 'decoder' of a subscriber or of the plugin",
  no_reply: "leave it out: a subscriber answers to the header reply_to only if it has 'schema.reply'",
  reply_to: "use 'replyTo' of a publisher",
  autoflush: 'leave it out: a publish resolves when its record is in the log',

  // The AsyncAPI document.
  title: "use 'title' of a subscriber or publisher, or 'asyncapi.info' of the plugin",
  description: "use 'description' of a subscriber or publisher, or 'asyncapi.info' of the plugin",
  include_in_schema: "use 'includeInSchema'",
  specification_url: `use 'asyncapi.servers', ${PLUGIN}`,

  // The broker and its calls.
  graceful_timeout: `use 'drainTimeout', ${PLUGIN}, ms`,
  security: `use 'ssl' and 'sasl', ${PLUGIN}`,
  id_generator: `use 'correlationId', ${PLUGIN}`,
  correlation_id: "use 'correlationId' of one publish",
  timestamp_ms: "use 'timestamp' of one publish, a Date",
  no_confirm: "use 'noConfirm' of one publish",
  client_rack: "use 'clientRack'",
  consumer_only: 'leave it out: an app that publishes nothing needs no rights to write, but those for dead letters',
  log_level: "use 'messageLogLevel' for the line of each message; the level is that of Fastify's logger",
  apply_types: "leave it out: a subscriber without a 'schema' validates nothing",
  serializer: "leave it out: 'schema' and the compilers of the scope validate"
}

const SASL = `use 'sasl', ${PLUGIN}`
const KERBEROS = "there is no Kerberos: use 'sasl' with SCRAM or OAUTHBEARER, or client certificates in 'ssl'"
const PAUSES = "leave it out: what fails is sent again after pauses that grow, within 'producer.deadline'"
const IDEMPOTENT = 'leave it out: the producer is idempotent, and every record is acknowledged by all in-sync replicas'
const TRANSACTIONS = 'there are no transactions of a producer yet'

/** Names of `consumes`, `produces` and `Tester` that FastStream does not have. */
export const FASTKAFKA_NAMES: Readonly<Record<string, string>> = {
  bootstrap_servers: `use 'brokers', ${PLUGIN}`,
  brokers: `it is ${PLUGIN}: register the plugin again for a further cluster, with another 'name'`,
  kafka_broker_name: `use 'name', ${PLUGIN}, and app.brokers`,
  client_id: `use 'clientId', ${PLUGIN}`,
  loop: 'leave it out: Node.js has one event loop',
  executor: "use 'concurrency': 1 for SequentialExecutor, more for DynamicTaskExecutor",
  enable_auto_commit: "use 'ackPolicy': an offset is committed when its message and all before it are settled",
  encoder: "use 'codec' of a publisher or of the plugin",
  key_serializer: "use 'key' of a publisher: a function that returns text or bytes; 'codec.key' for any other key",
  value_serializer: "use 'codec' of a publisher; without one bytes are sent as they are, other values as JSON",

  // The client.
  request_timeout_ms: "use 'connectTimeout' for the start, and 'producer.deadline' for one publish, ms",
  retry_backoff_ms: `${PAUSES}; handlers have 'retry'`,
  send_backoff_ms: PAUSES,
  metadata_max_age_ms: `use 'metadataMaxAge', ${PLUGIN}, ms`,
  connections_max_idle_ms: 'leave it out: a connection stays open while its app runs',
  api_version: 'leave it out: the versions are agreed with the cluster',

  // The producer.
  acks: `${IDEMPOTENT}; publish with noConfirm: true does not wait for that`,
  enable_idempotence: IDEMPOTENT,
  compression_type: `use 'producer.compression', ${PLUGIN}`,
  max_batch_size: 'leave it out: a batch holds what waited, up to 512 KiB of one partition',
  max_request_size: 'leave it out: the cluster decides (message.max.bytes), and a publish above it is refused',
  linger_ms: 'leave it out: a lone message leaves at once, and what arrives meanwhile is the next batch',
  partitioner: "use 'partitioner' of a publisher, or of 'producer'; without one keys are placed as by the Java client",
  transactional_id: TRANSACTIONS,
  transaction_timeout_ms: TRANSACTIONS,

  // Security.
  ssl_context: `use 'ssl', ${PLUGIN}: the options of node:tls`,
  security_protocol: `use 'ssl' and 'sasl', ${PLUGIN}: SSL is ssl: true, SASL_SSL is both`,
  sasl_mechanism: `use 'sasl.mechanism', ${PLUGIN}`,
  sasl_plain_username: `use 'sasl.username', ${PLUGIN}`,
  sasl_plain_password: `use 'sasl.password', ${PLUGIN}`,
  sasl_oauth_token_provider: `${SASL}: { mechanism: 'oauthbearer', oauthBearerProvider }`,
  sasl_kerberos_service_name: KERBEROS,
  sasl_kerberos_domain_name: KERBEROS,

  // Tests.
  app: 'the first argument names it: testBroker(app)',
  use_in_memory_broker: "it is 'useInMemoryBroker' of createTester(), which fastify-faststream/testing exports",
  interval: "it is 'interval' of benchmark(), which fastify-faststream/testing exports",
  sliding_window_size: "it is 'window' of benchmark(), which fastify-faststream/testing exports"
}

const BY_NAME = new Map([
  ...Object.entries(FASTKAFKA_NAMES).map(([name, cure]) => [name, `FastKafka's '${name}': ${cure}`] as const),
  ...Object.entries(FASTSTREAM_NAMES).map(([name, cure]) => [name, `FastStream's '${name}': ${cure}`] as const)
])

/** What to write instead of a name of FastStream or FastKafka, also in camel case; undefined: it is none of theirs. */
export function foreignName (name: string): string | undefined {
  return BY_NAME.get(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
}
