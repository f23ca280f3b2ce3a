/*
 * Options of FastStream, FastKafka and other clients that are no options here. An error says what to use instead, or
 * why there is nothing to set.
 */

/** What the error says, by the name of the option. */
export type Cures = Readonly<Record<string, string>>

/** Of `publisher()`. */
export const PUBLISHER_CURES: Cures = {
  batch: 'is not an option: publish messages one by one, and await them together; those that wait leave as one batch',
  autoflush: 'is not an option: a publish that is awaited is in the log',
  persistent: 'is not an option: a publisher lives as long as the app'
}

/** Of `subscriber()`. */
export const SUBSCRIBER_CURES: Cures = {
  noReply: "is not an option: no result goes to the header 'reply_to', only to the publishers in 'publish'"
}

const BATCHES = 'is not an option: a lone message leaves at once, and those that wait for an answer leave as one batch'
const EXACT = 'is not an option: every send is idempotent, with acks -1, so that what is published is stored once'

/** Of `producer`. */
export const PRODUCER_CURES: Cures = {
  linger: BATCHES,
  batchSize: BATCHES,
  maxBatchSize: BATCHES,
  enableIdempotence: EXACT,
  maxInFlightRequests: EXACT,
  maxRequestSize: "is not an option: the cluster's 'message.max.bytes' bounds a record, and 'producer.queue' the memory",
  compressionType: "is not an option: write 'producer.compression'",
  requestTimeout: "is not an option: write 'producer.deadline', which bounds one publish with all its repetitions",
  retries: "is not an option: a send is repeated until 'producer.deadline'",
  retryBackoff: "is not an option: a send is repeated until 'producer.deadline'",
  sendBackoff: "is not an option: a send is repeated until 'producer.deadline'",
  keySerializer: "is not an option: write 'key' of publisher(), which may be bytes",
  valueSerializer: 'is not an option: publish bytes, or set the serializer compiler of the scope',
  transactionalId: 'is not an option: there are no transactions; an outbox in the database is what is committed with it',
  transactionTimeout: 'is not an option: there are no transactions'
}

/** The cure for a name as it is here, or in snake_case, or with its unit: `linger`, `linger_ms`, `lingerMs`. */
export function cureOf (written: string, cures: Cures): string | undefined {
  const name = written.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/Ms$/, '')
  return Object.hasOwn(cures, name) ? cures[name] : undefined
}
