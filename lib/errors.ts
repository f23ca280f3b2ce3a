import createError from '@fastify/error'
import { createBounded } from './create-bounded.js'

export * from './errors/copies.js'
export * from './errors/dead-letters.js'
export * from './errors/dependencies.js'
export * from './errors/observe.js'
export * from './errors/page.js'
export * from './errors/requests.js'
export * from './errors/testing.js'

/*
 * The catalogue: one entry per error. docs/errors.md and `test/errors.test.ts` follow it. What a route can throw is
 * read by HTTP clients: its message names topics and options, and neither addresses, groups nor the texts of causes.
 */

// Options and declarations: wrong when the app is built, so they stop it.
export const FASTSTREAM_ERR_INVALID_OPTION = createError<[option: string, cure: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_INVALID_OPTION', "option '%s' %s", 500, TypeError
)
export const FASTSTREAM_ERR_INVALID_ARGUMENTS = createError<[call: string, reason: string]>(
  'FASTSTREAM_ERR_INVALID_ARGUMENTS', 'wrong arguments for %s: %s', 500, TypeError
)
export const FASTSTREAM_ERR_INVALID_TOPIC = createBounded<[topic: string, reason: string]>(
  'FASTSTREAM_ERR_INVALID_TOPIC',
  "topic '%s' %s: use 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-'",
  500, TypeError
)
export const FASTSTREAM_ERR_ALREADY_REGISTERED = createError<[name: string]>(
  'FASTSTREAM_ERR_ALREADY_REGISTERED', "the app already has a broker named '%s': give this one another 'name'", 500
)
export const FASTSTREAM_ERR_BROKERS_REQUIRED = createError<[]>(
  'FASTSTREAM_ERR_BROKERS_REQUIRED',
  "option 'brokers' is required in production: name your cluster, or write transport: 'memory' for the in-memory " +
    'broker, whose messages end with the process',
  500
)
export const FASTSTREAM_ERR_UNKNOWN_CLUSTER = createBounded<[name: string, known: string]>(
  'FASTSTREAM_ERR_UNKNOWN_CLUSTER', "there is no cluster '%s': there are %s", 500
)
export const FASTSTREAM_ERR_INSECURE_SASL = createError<[mechanism: string, where: string]>(
  'FASTSTREAM_ERR_INSECURE_SASL',
  "sasl '%s' would send its credentials readable %s: write ssl: true, use a scram mechanism, or write " +
    'allowInsecureSasl: true if no other host can read that network',
  500
)
export const FASTSTREAM_ERR_GROUP_REQUIRED = createError<[subscriber: string]>(
  'FASTSTREAM_ERR_GROUP_REQUIRED',
  "%s has no group to store its offsets: set 'groupId' on the plugin, its scope or the subscriber, or write null for " +
    'no group',
  500
)
export const FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER = createError<
  [topic: string, groupId: string, one: string, other: string]
>(
  'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER',
  "topic '%s' has two subscribers in group '%s' (%s; %s): give one of them another 'groupId', merge the two, or give " +
    "the first one a 'filter'",
  500
)
export const FASTSTREAM_ERR_GROUP_CLASH = createError<[groupId: string, option: string, one: string, other: string]>(
  'FASTSTREAM_ERR_GROUP_CLASH',
  "group '%s' has different values of '%s' (%s; %s): subscribers of one group share one consumer, so give both the " +
    "same value, or another 'groupId'",
  500
)
export const FASTSTREAM_ERR_DUPLICATE_PUBLISHER = createError<[topic: string]>(
  'FASTSTREAM_ERR_DUPLICATE_PUBLISHER',
  "topic '%s' has several publishers in this scope: pass the publisher instead of the topic's name",
  500
)
export const FASTSTREAM_ERR_ROUTER = createError<[reason: string]>(
  'FASTSTREAM_ERR_ROUTER', 'the router cannot be included: %s', 500
)
export const FASTSTREAM_ERR_ROUTER_HANDLE = createError<[topic: string, reason: string]>(
  'FASTSTREAM_ERR_ROUTER_HANDLE', "the publisher or subscriber of '%s' cannot be used here: %s", 500
)
export const FASTSTREAM_ERR_ALREADY_STARTED = createError<
  [what: string, name: string, before: string, options?: ErrorOptions]
>('FASTSTREAM_ERR_ALREADY_STARTED', "%s of '%s' is declared too late: declare it while plugins load, before %s", 500)
export const FASTSTREAM_ERR_SUBSCRIBER_CALL = createError<[call: string, topics: string, reason: string]>(
  'FASTSTREAM_ERR_SUBSCRIBER_CALL', "%s of the subscriber of '%s' cannot be used: %s", 500
)
export const FASTSTREAM_ERR_HOOK_TIMEOUT = createError<[what: string, broker: string, ms: number]>(
  'FASTSTREAM_ERR_HOOK_TIMEOUT', "a function of %s() of broker '%s' did not end within %d ms: it is not waited for", 500
)
export const FASTSTREAM_ERR_NOT_READY = createError<[state: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_NOT_READY',
  "the broker is %s: publish after ready() (with startup: 'background', when health() says 'connected') and before " +
    'the app has closed',
  503
)
export const FASTSTREAM_ERR_SCHEMA_BUILD = createError<
  [part: string, topic: string, reason: string, options?: ErrorOptions]
>('FASTSTREAM_ERR_SCHEMA_BUILD', "the %s schema of '%s' cannot be compiled: %s", 500)
export const FASTSTREAM_ERR_ASYNCAPI = createError<[reason: string]>(
  'FASTSTREAM_ERR_ASYNCAPI', 'there is no AsyncAPI document yet: %s', 500
)

// The cluster.
export const FASTSTREAM_ERR_CONNECT = createError<[brokers: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_CONNECT',
  "no Kafka broker could be reached at %s (%s): check 'brokers', and that the listeners which the cluster " +
    'advertises can be reached from here',
  503
)
export const FASTSTREAM_ERR_SASL = createError<[brokers: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_SASL',
  "SASL with the brokers at %s failed: %s. Check the option 'sasl', and that 'brokers' names ports with SASL", 503
)
export const FASTSTREAM_ERR_SSL = createError<[brokers: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_SSL',
  "TLS with the brokers at %s failed: %s. Check the option 'ssl', and whether 'brokers' names ports with TLS", 503
)
export const FASTSTREAM_ERR_TOPICS = createError<[topics: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_TOPICS', 'the topics %s could not be prepared: %s', 503
)
export const FASTSTREAM_ERR_NOT_AUTHORIZED = createBounded<[rights: string, who: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_NOT_AUTHORIZED',
  'the cluster refuses %s%s: add an ACL for each of these rights (docs/operations.md lists what an app needs)',
  500
)
export const FASTSTREAM_ERR_START_TIMEOUT = createError<[ms: number, what: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_START_TIMEOUT',
  "the broker was not ready within %d ms (%s): raise 'connectTimeout' (and Fastify's 'pluginTimeout' above it) if " +
    'the cluster needs longer',
  503
)
export const FASTSTREAM_ERR_KAFKAJS = createError<[reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_KAFKAJS', 'kafkajs 2.2.4 could not be loaded as the kafkajs transport needs it: %s', 500
)
export const FASTSTREAM_ERR_API_VERSION = createError<[api: string, theirs: string, ours: string]>(
  'FASTSTREAM_ERR_API_VERSION',
  'the %s request has no version that both sides know: the broker takes %s, this client sends %s; use a Kafka ' +
    'release that supports one of these versions',
  503
)
export const FASTSTREAM_ERR_FENCED = createError<[groupInstanceId: string, groupId: string]>(
  'FASTSTREAM_ERR_FENCED',
  "another consumer joined with the groupInstanceId '%s' in group '%s': give each running process an id of its own",
  503
)
export const FASTSTREAM_ERR_CODEC = createError<[codec: string, cure: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_CODEC', 'batches that are compressed with %s cannot be used here: %s, then restart the app', 500
)

// Messages on their way in.
export const FASTSTREAM_ERR_DECODE = createBounded<[part: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_DECODE', 'the %s cannot be decoded: %s', 400
)
export const FASTSTREAM_ERR_VALIDATION = createBounded<[reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_VALIDATION', '%s', 400
)
export const FASTSTREAM_ERR_UNMATCHED = createBounded<[topic: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_UNMATCHED', "no subscriber takes the message of '%s': %s", 400
)
export const FASTSTREAM_ERR_HANDLER_TIMEOUT = createBounded<[ms: number, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_HANDLER_TIMEOUT',
  "the handler did not end within %d ms: let it stop when message.signal aborts, or raise 'handlerTimeout'",
  500
)
export const FASTSTREAM_ERR_HANDLER_ABORTED = createBounded<[reason: string]>(
  'FASTSTREAM_ERR_HANDLER_ABORTED', 'the attempt was aborted because %s: the message is redelivered', 500
)
export const FASTSTREAM_ERR_BATCH = createBounded<[subscriber: string, cure: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_BATCH', "the handler of batches '%s' must %s", 500
)
export const FASTSTREAM_ERR_CLOSE_IN_HANDLER = createBounded<[subscriber: string]>(
  'FASTSTREAM_ERR_CLOSE_IN_HANDLER',
  "a handler of subscriber '%s' awaits app.close(), which waits for running handlers: the message is delivered " +
    'again; throw StopConsume to stop the subscriber, or call app.close() without await',
  500
)
export const FASTSTREAM_ERR_OFFSET_RESET = createBounded<[offset: string, start: string, end: string]>(
  'FASTSTREAM_ERR_OFFSET_RESET',
  "the group's offset %s is not in the log, which holds %s to %s: call skipTo() with the offset at which reading " +
    'should go on',
  500
)
export const FASTSTREAM_ERR_SKIP = createBounded<[partition: number, topic: string, offset: string, reason: string]>(
  'FASTSTREAM_ERR_SKIP', "partition %d of '%s' cannot be skipped to %s: %s", 409
)
export const FASTSTREAM_ERR_SEEK = createBounded<[topic: string, reason: string]>(
  'FASTSTREAM_ERR_SEEK', "the subscriber of '%s' cannot read on elsewhere: %s", 409
)

// Messages on their way out.
export const FASTSTREAM_ERR_UNKNOWN_TOPIC = createBounded<[topic: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_UNKNOWN_TOPIC',
  "the cluster has no topic '%s': declare a publisher or a subscriber of it, or create it",
  500
)
export const FASTSTREAM_ERR_UNKNOWN_PARTITION = createBounded<[topic: string, partition: number, count: number]>(
  'FASTSTREAM_ERR_UNKNOWN_PARTITION', "topic '%s' has no partition %d: it has %d, counted from 0", 500
)
export const FASTSTREAM_ERR_PARTITION = createBounded<[topic: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_PARTITION', "the message for '%s' has no partition and was not sent: %s", 500
)
export const FASTSTREAM_ERR_INVALID_MESSAGE = createBounded<[topic: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_INVALID_MESSAGE',
  "the message for '%s' does not match its publisher's schema and was not sent: %s",
  500
)
export const FASTSTREAM_ERR_ENCODE = createBounded<
  [part: string, topic: string, reason: string, options?: ErrorOptions]
>('FASTSTREAM_ERR_ENCODE', "the %s of the message for '%s' cannot be encoded and was not sent: %s", 500)
export const FASTSTREAM_ERR_PUBLISH_QUEUE_FULL = createBounded<[topic: string]>(
  'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL',
  "too many messages wait for the cluster, and the one for '%s' was not sent: raise 'producer.queue', or publish " +
    'more slowly',
  503
)
export const FASTSTREAM_ERR_PUBLISH_TIMEOUT = createBounded<[topic: string, outcome: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_PUBLISH_TIMEOUT',
  "the message for '%s' was not acknowledged before its deadline (%s): raise 'producer.deadline' if the cluster " +
    "needs longer; with outcome 'unknown' it may be in the log, and publishing it again may store it twice",
  503
)
export const FASTSTREAM_ERR_UNAVAILABLE = createBounded<[topic: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_UNAVAILABLE',
  "the message for '%s' was not sent, because the cluster cannot be used: the cause of this error, in the log, says " +
    'why',
  503
)
export const FASTSTREAM_ERR_PUBLISH_REFUSED = createBounded<[topic: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_PUBLISH_REFUSED', "the cluster refused the message for '%s': %s", 500
)
export const FASTSTREAM_ERR_PUBLISH_BATCH = createBounded<
  [messages: number, topic: string, stored: number, reason: string, options?: ErrorOptions]
>(
  'FASTSTREAM_ERR_PUBLISH_BATCH',
  "the batch of %d messages for '%s' failed, and %d of them are in the log: %s (its 'published' says which, its " +
    "'failures' why)",
  500
)

// Middlewares.
export const FASTSTREAM_ERR_NEXT = createBounded<[moment: string, fault: string]>(
  'FASTSTREAM_ERR_NEXT', "a middleware must call next() of its '%s' once, while it runs, and %s", 500
)
