import * as errors from '../../lib/errors.js'

/** When each error of the catalogue is seen, in Markdown. */
const WHEN: { readonly [_ in keyof typeof errors]: string } = {
  FASTSTREAM_ERR_INVALID_OPTION: 'an option is unknown or impossible',
  FASTSTREAM_ERR_INVALID_ARGUMENTS: 'a function was called with more arguments than it takes, or with others',
  FASTSTREAM_ERR_INVALID_TOPIC: 'a name that Kafka does not take',
  FASTSTREAM_ERR_ALREADY_REGISTERED: 'the app has a broker of that name',
  FASTSTREAM_ERR_BROKERS_REQUIRED: 'in production without `brokers`',
  FASTSTREAM_ERR_GROUP_REQUIRED: 'a subscriber on a real cluster without a group',
  FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER: 'the group has a subscriber of that topic',
  FASTSTREAM_ERR_GROUP_CLASH: 'subscribers of one group differ in an option of their consumer (`offsetReset`)',
  FASTSTREAM_ERR_DUPLICATE_PUBLISHER: '`publish(topic, …)` where the scope has several publishers of the topic',
  FASTSTREAM_ERR_ALREADY_STARTED:
    'a subscriber or publisher is declared after `ready()`, or `withDeps` after what it should apply to',
  FASTSTREAM_ERR_NOT_READY:
    "`publish` before `ready()`, before the cluster is connected (`startup: 'background'`), or after the app has closed",
  FASTSTREAM_ERR_SCHEMA_BUILD: 'a schema cannot be compiled',
  FASTSTREAM_ERR_ASYNCAPI: '`app.asyncapi()` before `ready()`',
  FASTSTREAM_ERR_CONNECT: 'no broker answers within `connectTimeout`',
  FASTSTREAM_ERR_TOPICS: "topics are missing (`topics: 'verify'`) or cannot be created",
  FASTSTREAM_ERR_START_TIMEOUT: 'the cluster answers, but is not ready within `connectTimeout`',
  FASTSTREAM_ERR_KAFKAJS: 'kafkajs 2.2.4 is not on disk as it was published, for example in a bundle',
  FASTSTREAM_ERR_DECODE: 'a message cannot be decoded, or is larger than `bodyLimit`; seen in logs and dead letters',
  FASTSTREAM_ERR_VALIDATION: "a message does not match its subscriber's schema; `validation` has JSON pointers",
  FASTSTREAM_ERR_HANDLER_TIMEOUT:
    'a handler took longer than `handlerTimeout`; seen in logs, dead letters and as `message.signal.reason`',
  FASTSTREAM_ERR_HANDLER_ABORTED:
    '`message.signal.reason` when nobody waits for the handler any longer; its message comes again',
  FASTSTREAM_ERR_OFFSET_RESET:
    "the group's offset is not in the log, and `offsetReset` is `'fail'`; seen in logs and `health()`",
  FASTSTREAM_ERR_SKIP: '`skipTo` of a partition that is not owned by this process, or is being read',
  FASTSTREAM_ERR_UNKNOWN_TOPIC: '`publish` to a topic that the cluster does not have',
  FASTSTREAM_ERR_UNKNOWN_PARTITION: '`publish` to a partition that the topic does not have',
  FASTSTREAM_ERR_INVALID_MESSAGE:
    "a value does not match its publisher's schema; `validation` has JSON pointers, nothing was sent",
  FASTSTREAM_ERR_ENCODE: 'a value, key or header cannot be written; nothing was sent',
  FASTSTREAM_ERR_PUBLISH_QUEUE_FULL: 'too much waits for the cluster; nothing was sent',
  FASTSTREAM_ERR_PUBLISH_TIMEOUT: "no answer before the deadline; `outcome` is `'not-sent'` or `'unknown'`",
  FASTSTREAM_ERR_PUBLISH_REFUSED: 'the cluster says no, for example to a record that is too large',
  FASTSTREAM_ERR_UNKNOWN_OPERATION: 'publishing from the page as what is no operation of the document',
  FASTSTREAM_ERR_PUBLISH_FORBIDDEN:
    '`asyncapi.publish.authorize` did not say yes, the request comes from another site, or it is a dead letter',
  FASTSTREAM_ERR_PUBLISH_BODY: 'what the page sends is no message',
  FASTSTREAM_ERR_PUBLISH_RATE: 'too many messages were published from the page',
  FASTSTREAM_ERR_DEPENDENCY_YIELD: 'a generator yielded never, or twice',
  FASTSTREAM_ERR_DEPENDENCY_DONE: 'a dependency was asked for when its request or message was done',
  FASTSTREAM_ERR_NO_DEPENDENCIES: '`request.resolve` outside a route that the plugin knows',
  FASTSTREAM_ERR_CLEANUP: "a clean-up failed with an error whose status is the client's fault: that one is its `cause`",
  FASTSTREAM_ERR_CLEANUP_TIMEOUT: 'a clean-up did not end within `cleanupTimeout`',
  FASTSTREAM_ERR_TEST_BROKER:
    '`testBroker` on an app that is ready, or that has no broker; an override of what nothing uses',
  FASTSTREAM_ERR_NOT_SETTLED: '`settled()` waited in vain'
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
