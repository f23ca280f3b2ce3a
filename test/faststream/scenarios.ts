/* What FastStream's own test suites check, scenario by scenario, and the test of it here. */

/** One scenario: `test/file.ts: "title"` of its tests, or why there is none. */
export interface Scenario {
  /** What holds. */
  readonly given: string
  readonly tests?: readonly string[]
  /** Why it has no meaning here. */
  readonly none?: string
}

const SETTLING = 'test/conformance/settling.ts'
const FAILING = 'test/conformance/failing.ts'
const CONSUMING = 'test/conformance/consuming.ts'
const PUBLISHING = 'test/conformance/publishing.ts'
const DYNAMIC = 'test/conformance/dynamic.ts'
const BATCHES = 'test/conformance/batches.ts'
const REQUESTS = 'test/request/requests.test.ts'
const METRICS = 'test/observe/metrics/metrics.test.ts'

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  // Consume
  1: {
    given: 'a message is handled once',
    tests: [`\`${CONSUMING}\`: "a handler sees the value and everything else about its message"`]
  },
  2: {
    given: 'one function handles two topics',
    tests: [
      '`test/faststream/consume.test.ts`: "one function may handle two subscribers, and is called for each"',
      `\`${CONSUMING}\`: "one subscriber may have several topics"`
    ]
  },
  3: {
    given: 'nothing is deduplicated by its value',
    tests: ['`test/faststream/consume.test.ts`: "a value that is published twice is handled twice"']
  },
  4: {
    given: 'two subscribers get their own topics only',
    tests: ['`test/conformance/payloads.ts`: "two subscribers of one app read two topics, each under its own schema"']
  },
  5: {
    given: 'the first filter that matches takes the message',
    tests: [
      '`test/broker/filter.test.ts`: "a message goes to the first subscriber whose filter takes it, the last one has none"',
      '`test/broker/filter.test.ts`: "a message that no filter takes is a dead letter of the first subscriber"'
    ]
  },
  6: {
    given: 'without a schema values are not cast',
    tests: ['`test/conformance/payloads.ts`: "whatever JSON can say arrives as it was"']
  },
  7: {
    given: 'a subscriber starts after its broker',
    tests: [
      `\`${DYNAMIC}\`: "a subscriber that is declared after ready() starts and stops, and no other rebalances"`,
      `\`${DYNAMIC}\`: "with a group of its own it resumes at its offset, under the same retries and dead letters"`
    ]
  },
  9: {
    given: 'messages are iterated',
    tests: [
      `\`${DYNAMIC}\`: "a loop reads until the subscriber stops, and decides about each message"`,
      '`test/faststream/reading.test.ts`: "a loop gets each message, decoded by the decoder of its subscriber"'
    ]
  },
  10: {
    given: 'StopConsume stops the subscriber',
    tests: ['`test/conformance/stopping.ts`: "a subscriber that stops leaves its group when it is the only one in it"']
  },
  11: {
    given: 'a handler publishes to another broker',
    tests: ['`test/broker/publish.test.ts`: "what a handler returns may go to another broker"']
  },
  12: {
    given: 'a pattern with a placeholder',
    tests: [
      '`test/conformance/patterns.ts`: "a pattern reads what it matches, and topics that are created later from their start"'
    ]
  },
  13: {
    given: 'partitions are assigned by hand',
    tests: ['`test/conformance/chosen-partitions.ts`: "exactly these are read, of each of several topics"']
  },
  15: {
    given: 'lists of messages',
    tests: [
      `\`${BATCHES}\`: "one call has messages of one partition in order, side by side with their values"`,
      '`test/broker/batch.test.ts`: "a handler gets values and messages side by side"'
    ]
  },

  // Acknowledgement
  16: {
    given: 'only ACK_FIRST settles before the handler',
    tests: [
      `\`${SETTLING}\`: "ACK_FIRST settles before the handler has ended, the others do not, and MANUAL not even then"`
    ]
  },
  17: {
    given: 'a decision is too late with ACK_FIRST',
    tests: [`\`${SETTLING}\`: "the first decision of a handler counts; ACK_FIRST has decided before the handler"`]
  },
  18: {
    given: 'a success is committed once',
    tests: [
      `\`${SETTLING}\`: "each policy has its own idea of a handler that succeeds, throws once, throws always"`,
      '`test/consume/partition/tracker.test.ts`: "what is committed is not committed again"'
    ]
  },
  19: {
    given: 'a failure with ACK is committed',
    tests: [`\`${SETTLING}\`: "each policy has its own idea of a handler that succeeds, throws once, throws always"`]
  },
  20: {
    given: 'a failure with NACK_ON_ERROR is repeated, with pauses',
    tests: [
      `\`${SETTLING}\`: "each policy has its own idea of a handler that succeeds, throws once, throws always"`,
      '`test/consume/pipeline/ack-policy.test.ts`: "NACK_ON_ERROR and MANUAL run a handler that throws again, for as long as retryOn says"'
    ]
  },
  21: {
    given: 'REJECT_ON_ERROR is more than ACK: a dead letter',
    tests: [`\`${FAILING}\`: "a handler that fails is retried, then its message goes to the dead-letter topic"`]
  },
  23: {
    given: 'AckMessage settles',
    tests: [`\`${SETTLING}\`: "a handler may throw its decision, under every policy but ACK_FIRST, which has decided"`]
  },
  24: {
    given: 'nack() does not settle',
    tests: [
      '`test/consume/pipeline/decisions.test.ts`: "a handler may want its message again, after its own time, as often as it says so"'
    ]
  },
  25: {
    given: 'MANUAL without a decision settles nothing',
    tests: [`\`${SETTLING}\`: "MANUAL: a message without a decision blocks its lane, shows in health() and is retried"`]
  },
  26: {
    given: 'the nearest policy wins, whatever the order of declaration',
    tests: [
      '`test/broker/plan.test.ts`: "a subscriber wins over the layers around it, the nearest of them over the plugin"'
    ]
  },
  27: {
    given: 'a handler beyond the time of the stop is not settled',
    tests: [
      `\`${FAILING}\`: "a handler that does not end before drainTimeout sees its signal abort; redelivery follows"`
    ]
  },

  // Concurrency
  29: {
    given: 'two at once of five messages, and all five are handled',
    tests: [
      '`test/faststream/consume.test.ts`: "two at once of five messages: all five are handled, also when the app closes meanwhile"'
    ]
  },
  30: {
    given: 'consumers share the partitions',
    tests: ['`test/conformance/membership.ts`: "the members of a group share the partitions of each topic evenly"']
  },
  32: {
    given: 'a consumer without partitions is told',
    tests: [
      '`test/broker/logs.test.ts`: "joins and rebalances are logged with the partitions given and taken, reason and duration"'
    ]
  },
  33: {
    given: 'wrong declarations are refused where they are made',
    tests: ['`test/broker/declarations.test.ts`: "declarations are checked where they are made"']
  },
  34: {
    given: 'rebalance listeners are called',
    tests: ['`test/conformance/listeners.ts`: "in a rebalance the partitions are revoked, and the shares are assigned"']
  },
  36: {
    given: 'a consumer that breaks restarts, with pauses',
    tests: ['`test/kafka/consumer.test.ts`: "a consumer that breaks is reported and restarts at its committed offset"']
  },

  // Publish
  37: {
    given: 'values of all kinds arrive',
    tests: ['`test/faststream/publish.test.ts`: "that is published arrives as"']
  },
  38: {
    given: 'a response has headers, a key and a correlation id',
    tests: ['`test/faststream/publish.test.ts`: "the next handler sees key, headers and correlation id of a response"']
  },
  39: {
    given: 'correlation ids of one\'s own',
    tests: [
      '`test/broker/correlation-id.test.ts`: "the option correlationId is called once per request, for each broker"'
    ]
  },
  40: {
    given: 'several parameters',
    tests: ['`test/faststream/consume.test.ts`: "several parameters are members of one value"']
  },
  41: {
    given: 'what a handler returns is published',
    tests: [
      `\`${CONSUMING}\`: "what a handler returns is published, with its key and its correlation id"`,
      '`test/faststream/publish.test.ts`: "a subscriber may publish to several publishers, and a publisher may serve several subscribers"'
    ]
  },
  43: {
    given: 'reply_to is answered, not with no_reply',
    tests: [
      '`test/broker/publisher-options.test.ts`: "a message with reply_to is answered by nothing but the publishers of its subscriber"',
      '`test/broker/publisher-options.test.ts`: "replyTo is a header of every message"'
    ]
  },
  44: {
    given: 'a publisher is made after the start',
    tests: [
      '`test/broker/late-publisher.test.ts`: "a publisher may be made after ready, with key, headers and the compilers of its scope"'
    ]
  },
  45: {
    given: 'two brokers, each with its own context',
    tests: ['`test/faststream/consume.test.ts`: "the handlers of two brokers see the app and their own broker"']
  },
  46: {
    given: 'batches are published',
    tests: [
      `\`${BATCHES}\`: "a batch is stored in its order, and before what is published behind it"`,
      '`test/broker/publish-batch.test.ts`: "messages are published in their order, each with its own key, headers and partition"',
      '`test/broker/batch-results.test.ts`: "each member of a list is published, its key stays with its value"'
    ]
  },
  49: {
    given: 'a publish that waits for nothing',
    tests: [
      '`test/broker/unconfirmed.test.ts`: "every publish() takes noConfirm, resolves to nothing, and checks before"'
    ]
  },
  50: {
    given: 'a batch beyond its size is an error that says which',
    tests: [
      '`test/produce/producer.test.ts`: "what is too large together goes one by one, so that what is too large by itself fails alone"'
    ]
  },
  51: {
    given: 'partition 0 is a partition',
    tests: ['`test/faststream/options.test.ts`: "a publish chooses its partition, its headers and its time"']
  },
  52: {
    given: 'a null value with a key is a tombstone',
    tests: [`\`${PUBLISHING}\`: "keys and values may be null, empty, or any bytes, and stay what they are"`]
  },
  53: {
    given: 'consumer_only makes no producer',
    none: 'dead letters and results need one, which connects when it sends'
  },
  54: {
    given: 'a request has its reply',
    tests: [
      `\`${REQUESTS}\`: "a request resolves to what the handler returned, checked and converted by its schema"`,
      `\`${REQUESTS}\`: "a late reply is counted, and so is a second one"`,
      `\`${REQUESTS}\`: "a request passes the middlewares of its place, and so does the reply"`
    ]
  },

  // Routers
  56: {
    given: 'deferred routes and publishers',
    tests: ['`test/broker/router.test.ts`: "routers and deferred handlers are given to the constructor"']
  },
  58: {
    given: 'includeInSchema over levels',
    tests: ['`test/broker/router.test.ts`: "the document shows tags of all places, and leaves out what a router hides"']
  },
  59: {
    given: 'the parser of a router',
    tests: ['`test/broker/router-decoding.test.ts`: "the nearest parser decodes"']
  },

  // Middlewares, parser, codec
  60: {
    given: 'the order of middlewares',
    tests: ['`test/middleware/order.test.ts`: "the four moments run from the broker to the subscriber, and back"']
  },
  61: {
    given: 'a middleware sees the error',
    tests: [
      '`test/middleware/order.test.ts`: "afterProcessed sees the error of the attempt, and each attempt has all moments"'
    ]
  },
  63: {
    given: 'parsers of one\'s own',
    tests: ['`test/message/decoders.test.ts`: "a decoder of one subscriber is not that of another"']
  },
  64: {
    given: 'codec and decoder together are refused',
    tests: ['`test/message/decoders.test.ts`: "a decoder takes the place of the codec, or calls it"']
  },

  // Test client
  65: {
    given: 'mocks of handlers and publishers',
    tests: [
      '`test/testing/spies.test.ts`: "a handler is found by what subscriber() returned, and by itself"',
      '`test/testing/assertions.test.ts`: "a published message is found by value, key, headers, partition and correlation id"',
      '`test/testing/joined.test.ts`: "joined apps exchange messages, and one broker sees them all"'
    ]
  },
  66: {
    given: 'a failure is seen by the test',
    tests: ['`test/testing/test-broker.test.ts`: "failures are seen, and retries do not wait"']
  },
  67: {
    given: 'leaving a test restores everything',
    tests: [
      '`test/testing/joined.test.ts`: "the same apps are tested again and again, and nothing stays behind"',
      '`test/testing/sessions.test.ts`: "nothing stays behind in the channels of the process, and other apps keep their own"',
      '`test/testing/spies.test.ts`: "a handler is replaced until it is restored; schemas and publishing stay"'
    ]
  },
  68: {
    given: 'the same test on a real broker',
    tests: [
      '`test/kafka/testing.test.ts`: "the same test runs on a real Kafka, with topics and groups of its own that are removed"',
      '`test/testing/mocks.test.ts`: "mocks see the handlers of an app on whatever cluster it uses"'
    ]
  },

  // HTTP framework
  71: {
    given: 'a handler has headers and dependencies of all levels',
    tests: [
      '`test/deps/message.test.ts`: "one declaration serves routes and subscribers, and the context knows the message"'
    ]
  },
  72: {
    given: 'an invalid value is an error of validation',
    tests: [`\`${FAILING}\`: "an undecodable or invalid message is dead-lettered at once, and the next is handled"`]
  },
  73: {
    given: 'hooks of the app run in their order',
    tests: ['`test/broker/ready.test.ts`: "messages flow after the last onReady hook, and not when one of them failed"']
  },
  74: {
    given: 'dependencies are replaced',
    tests: ['`test/deps/message.test.ts`: "tests replace a dependency, for requests and messages alike"']
  },
  75: {
    given: 'a router of the broker in an app',
    tests: [
      '`test/broker/router.test.ts`: "a router in several apps has subscribers and publishers in each of them, until they close"'
    ]
  },

  // Operations
  76: {
    given: 'health follows the broker and its consumers',
    tests: [
      '`test/conformance/health.ts`: "an app is healthy when it is ready and reads all of its partitions, and not before or after"'
    ]
  },
  77: {
    given: 'publishing from the page',
    tests: [
      '`test/asyncapi/publish/message.test.ts`: "what the app receives comes to its subscriber"',
      '`test/asyncapi/publish/authorize.test.ts`: "without the option nothing can be published"'
    ]
  },
  79: {
    given: 'metrics by outcome',
    tests: [
      `\`${METRICS}\`: "messages are counted by what became of them"`,
      `\`${METRICS}\`: "a handler that fails is no success in the policy"`,
      `\`${METRICS}\`: "publishes are measured by outcome, those to undeclared topics under one label"`,
      '`test/observe/metrics/instruments.test.ts`: "two brokers of one app share the instruments of a registry"'
    ]
  },
  80: {
    given: 'names in the AsyncAPI document',
    tests: [
      '`test/asyncapi/document/operations.test.ts`: "a subscriber is an operation for each of its topics, called as its handler"'
    ]
  },
  81: {
    given: 'the order of start and stop',
    tests: [
      '`test/broker/stop-order.test.ts`: "a handler ends before an onClose hook of a plugin that was registered later runs"',
      '`test/readme.test.ts`: "its program listens, says on which broker it is, and closes on SIGTERM"'
    ]
  }
}
