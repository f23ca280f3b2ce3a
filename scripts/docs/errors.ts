import * as errors from '../../lib/errors.js'

/** When each error of the catalogue is seen, in Markdown. */
const WHEN: { readonly [_ in keyof typeof errors]: string } = {
  FASTSTREAM_ERR_INVALID_OPTION: 'an option is unknown or impossible',
  FASTSTREAM_ERR_INVALID_ARGUMENTS: 'a function is called with surplus or wrong arguments',
  FASTSTREAM_ERR_INVALID_TOPIC: 'a topic has a name that Kafka does not accept',
  FASTSTREAM_ERR_ALREADY_REGISTERED: 'the app already has a broker of this name',
  FASTSTREAM_ERR_COPIES: 'the [command line](command-line.md) looks at an app that uses another copy of the package',
  FASTSTREAM_ERR_BROKERS_REQUIRED: 'the app runs in production without `brokers`',
  FASTSTREAM_ERR_UNKNOWN_CLUSTER: '`cluster` or `setKafkaBroker()` names a cluster that `clusters` does not have',
  FASTSTREAM_ERR_INSECURE_SASL:
    '`sasl` would send its password or token without `ssl` to a host that is not loopback, see `allowInsecureSasl`',
  FASTSTREAM_ERR_GROUP_REQUIRED: 'a subscriber on a real cluster has no group',
  FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER: 'a group has two subscribers of one topic, and the first one has no [filter](message-types.md#filters)',
  FASTSTREAM_ERR_GROUP_CLASH: 'subscribers of one group differ in an option of their [consumer](consumers.md), such as `offsetReset`',
  FASTSTREAM_ERR_DUPLICATE_PUBLISHER:
    '`publish(topic, …)` is called where the scope has several publishers of the topic',
  FASTSTREAM_ERR_ROUTER:
    'a router is included in itself, twice with different options, or comes from another copy of the package',
  FASTSTREAM_ERR_ROUTER_HANDLE:
    'a publisher or subscriber of a [router](routers.md) is used, and its router is not included, or included several times',
  FASTSTREAM_ERR_ALREADY_STARTED:
    'a subscriber, task or function of the [lifecycle](lifecycle.md), or a publisher with a schema in a scope without compilers, is declared after `ready()`, or `withDeps()` is called after the declarations that it should apply to',
  FASTSTREAM_ERR_SUBSCRIBER_CALL:
    '`getOne()`, a loop, `seek()`, `start()` or `stop()` is used on a subscriber that has a handler, was declared before `ready()`, or does [not run](dynamic-subscribers.md)',
  FASTSTREAM_ERR_HOOK_TIMEOUT:
    'a function of [onStopping](lifecycle.md) did not end in half of `drainTimeout`, or one of `onStarted` that runs after `ready()` not within `pluginTimeout`; seen in logs',
  FASTSTREAM_ERR_NOT_READY:
    "`publish` is called before `ready()`, before the cluster is connected (`startup: 'background'`), or after the app has closed",
  FASTSTREAM_ERR_DEAD_LETTERS: 'the cluster does not deliver [dead letters](mend.md#dead-letters), or their progress',
  FASTSTREAM_ERR_NO_DEAD_LETTER: '`deadLetters.show()` names a place that holds no record',
  FASTSTREAM_ERR_REDRIVE:
    'another redrive or discard of this process is under way, or the progress of one cannot be stored',
  FASTSTREAM_ERR_DEAD_LETTER_INPUT: 'a request to the [routes](mend.md#routes) of dead letters is wrong',
  FASTSTREAM_ERR_DEAD_LETTERS_FORBIDDEN:
    '`deadLetters.authorize` does not allow a request, or it comes from a page of another site',
  FASTSTREAM_ERR_SCHEMA_BUILD: 'a schema cannot be compiled',
  FASTSTREAM_ERR_ASYNCAPI: '`app.asyncapi()` is called before `ready()`',
  FASTSTREAM_ERR_CONNECT: 'no broker answers within `connectTimeout`',
  FASTSTREAM_ERR_SASL:
    'the brokers refuse the credentials of `sasl`, do not offer its mechanism, take no credentials, or ask for some where `sasl` is missing; or the function for credentials fails',
  FASTSTREAM_ERR_SSL:
    'the TLS handshake fails: a certificate that is not trusted or names other hosts, a certificate of the app that is missing, `ssl` for a port without TLS, or no `ssl` for a port with TLS',
  FASTSTREAM_ERR_TOPICS: "topics are missing (`topics: 'verify'`) or cannot be created",
  FASTSTREAM_ERR_NOT_AUTHORIZED:
    'the cluster does not give the app a [right](operations.md#rights) that it needs; `rights` lists those that are missing',
  FASTSTREAM_ERR_START_TIMEOUT:
    'the cluster answers, but is not ready within `connectTimeout`, or names a coordinator of a group that is not reached',
  FASTSTREAM_ERR_API_VERSION: 'the cluster is too old or too new for a request of this client',
  FASTSTREAM_ERR_FENCED: 'another process has the same `groupInstanceId`: the subscriber stops',
  FASTSTREAM_ERR_CODEC: 'a compression codec is not installed: the partition with such a batch stops, or the app does not start',
  FASTSTREAM_ERR_KAFKAJS: 'kafkajs 2.2.4 is not on disk as it was published, for example in a bundle',
  FASTSTREAM_ERR_DECODE: 'a message cannot be decoded, or is larger than `bodyLimit`; seen in logs and dead letters',
  FASTSTREAM_ERR_VALIDATION:
    "a message does not match its subscriber's schema; `validation` has JSON pointers; seen in logs and dead letters",
  FASTSTREAM_ERR_UNMATCHED:
    'no [case](message-types.md) and no filter takes a message, or `by` or `filter` threw; seen in logs and dead letters',
  FASTSTREAM_ERR_HANDLER_TIMEOUT:
    'a handler took longer than `handlerTimeout`; seen in logs, dead letters and as `message.signal.reason`',
  FASTSTREAM_ERR_HANDLER_ABORTED:
    'the partition was revoked, or the app closes: seen as `message.signal.reason`; the message is redelivered',
  FASTSTREAM_ERR_BATCH:
    'a handler of [batches](batches.md) returned no list for its publishers, or its `BatchError` names no message of the batch; seen in logs and dead letters',
  FASTSTREAM_ERR_CLOSE_IN_HANDLER:
    'a handler, or what it awaits, awaits `app.close()`: it is not waited for; seen in logs',
  FASTSTREAM_ERR_OFFSET_RESET:
    "the group's offset is not in the log, and `offsetReset` is `'fail'`; seen in logs and `health()`",
  FASTSTREAM_ERR_SKIP: '`skipTo` names a partition that this process does not own, or that is being read',
  FASTSTREAM_ERR_SEEK: '`seek` names a partition that this process does not own',
  FASTSTREAM_ERR_UNKNOWN_TOPIC: '`publish` names a topic that the cluster does not have',
  FASTSTREAM_ERR_UNKNOWN_PARTITION: '`publish` names a partition that the topic does not have',
  FASTSTREAM_ERR_PARTITION:
    "a publisher's `partition` function or a `partitioner` threw, or returned no partition of the topic; nothing was sent",
  FASTSTREAM_ERR_INVALID_MESSAGE:
    "a value does not match its publisher's schema; `validation` has JSON pointers, nothing was sent",
  FASTSTREAM_ERR_ENCODE:
    'a value, key or header has no form on the wire; `validation` has the JSON pointer, nothing was sent',
  FASTSTREAM_ERR_PUBLISH_QUEUE_FULL: 'too many messages wait for the cluster; nothing was sent',
  FASTSTREAM_ERR_PUBLISH_TIMEOUT:
    "the cluster did not acknowledge before `producer.deadline`; `outcome` is `'not-sent'` or `'unknown'`",
  FASTSTREAM_ERR_UNAVAILABLE:
    '`publish` cannot use the cluster: no broker answers, or it refuses the app; the `cause` says why, HTTP clients do not see it',
  FASTSTREAM_ERR_PUBLISH_REFUSED: 'the cluster refused the record, for example because it is too large',
  FASTSTREAM_ERR_PUBLISH_BATCH:
    '`publishBatch` could not publish all of its messages: `published` says which are in the log; the status is that of the `cause`',
  FASTSTREAM_ERR_REQUEST_TIMEOUT: 'a [request](requests.md) got no reply within its `timeout`; it may be handled all the same',
  FASTSTREAM_ERR_REQUEST_REFUSED:
    'the handler of a [request](requests.md) failed, or its message was refused; `remoteCode` is the code of that error',
  FASTSTREAM_ERR_REQUEST_ABORTED: 'the signal of a [request](requests.md) aborted: in a route, because the client is gone',
  FASTSTREAM_ERR_REPLY: 'the reply to a [request](requests.md) cannot be decoded or does not match its schema; the `cause` says why',
  FASTSTREAM_ERR_UNKNOWN_OPERATION: 'the page publishes as an operation that the document does not have',
  FASTSTREAM_ERR_PUBLISH_FORBIDDEN:
    '`asyncapi.publish.authorize` did not return `true`, the request comes from another site, or the operation is a dead letter',
  FASTSTREAM_ERR_PUBLISH_AUTHORIZE:
    'the app\'s `authorize` threw (an error with a status of 400 to 499 keeps it), or did not answer within 10 s (503)',
  FASTSTREAM_ERR_PUBLISH_BODY: 'the page sends a body that is no message',
  FASTSTREAM_ERR_PUBLISH_RATE: 'the page publishes too many messages per second',
  FASTSTREAM_ERR_HEALTH_FORBIDDEN: '`health.authorize` did not return `true` for a request to `health.details`',
  FASTSTREAM_ERR_EXPLAIN: '`app.broker.explain()` is called without the option `explain`',
  FASTSTREAM_ERR_NEXT:
    'a [middleware](middlewares.md) calls `next()` twice, or after its end, or its `publishScope` does not call it',
  FASTSTREAM_ERR_DEPENDENCY_YIELD: 'the generator of a dependency did not yield, or yielded twice',
  FASTSTREAM_ERR_DEPENDENCY_DONE: 'a dependency is needed after its request or message has ended',
  FASTSTREAM_ERR_NO_DEPENDENCIES: '`request.resolve` is called in a route that the plugin does not know',
  FASTSTREAM_ERR_CLEANUP: 'a clean-up failed with an error whose status blames the client; that error is the `cause`',
  FASTSTREAM_ERR_CLEANUP_TIMEOUT: 'a clean-up did not end within `cleanupTimeout`',
  FASTSTREAM_ERR_TEST_BROKER:
    '`testBroker` is called for an app that is ready or has no broker; an override names a dependency that nothing uses',
  FASTSTREAM_ERR_ASSERTION:
    'an assertion of a [test broker](testing.md) does not hold, or an app closes with failures that its test has not read',
  FASTSTREAM_ERR_NOT_SETTLED: '`settled()` waited longer than its `timeout`',
  FASTSTREAM_ERR_LOCAL_KAFKA: '`startLocalKafka()` finds no Java or no Maven, or its node does not start'
}

/** An error of the catalogue as the documentation shows it. */
export interface ErrorRow {
  readonly code: string
  readonly statusCode: number
  readonly when: string
}

/** The errors in the order in which they are documented. */
export function errorRows (): ErrorRow[] {
  const catalogue = new Map<string, Function>(Object.entries(errors))
  return Object.entries(WHEN).map(([code, when]) => {
    const { statusCode }: { readonly statusCode: number } = Reflect.construct(catalogue.get(code) ?? Error, [])
    return { code, statusCode, when }
  })
}

/** `docs/errors.md`. */
export function errorsPage (): string {
  const lines = errorRows().map(({ code, statusCode, when }) => `| \`${code}\` | ${statusCode} | ${when} |`)
  return `# Errors

<!-- Generated from lib/errors.ts by \`npm run docs\`. -->

Every error has a \`code\`, and a \`statusCode\`: the status of the reply when a route lets the error escape.
Its message says what was wrong, where, and what to do.

| code | status | when |
|---|---|---|
${lines.join('\n')}
`
}
