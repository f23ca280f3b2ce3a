import type { Scenario } from './scenarios.js'

/* Traps of FastStream 0.7 that its source or a run of it proves, and what holds here instead. */

const SETTLING = 'test/conformance/settling.ts'
const FAILING = 'test/conformance/failing.ts'
const BATCHES = 'test/conformance/batches.ts'

export const TRAPS: Readonly<Record<string, Scenario>> = {
  1: {
    given: 'by default a failure is not lost',
    tests: [`\`${FAILING}\`: "a handler that fails is retried, then its message goes to the dead-letter topic"`]
  },
  2: {
    given: 'inherited options do not depend on the order of declaration',
    tests: ['`test/broker/plan.test.ts`: "clashes are found among resolved options, wherever they are written"']
  },
  3: {
    given: 'several topics and several at once: none is dropped',
    tests: [
      '`test/conformance/consuming.ts`: "one subscriber may have several topics"',
      '`test/conformance/consuming.ts`: "partitions are handled side by side, no more than the concurrency"'
    ]
  },
  4: {
    given: 'no option is ignored with another one',
    tests: [
      '`test/faststream/reading.test.ts`: "concurrency counts with batches, too: two of three partitions at once"',
      '`test/broker/batch.test.ts`: "impossible bounds, and options that do not go together, are refused"',
      '`test/broker/batch.test.ts`: "what the bounds must agree with is checked when everything is declared"'
    ]
  },
  5: {
    given: 'the nearest parser wins',
    tests: [
      '`test/message/codecs.test.ts`: "the nearest codec is taken: subscriber, then plugin, then the content type"',
      '`test/message/decoders.test.ts`: "a parser calls that of the level around as its original"'
    ]
  },
  6: {
    given: 'what cannot be decoded has an outcome under every policy',
    tests: [`\`${SETTLING}\`: "an undecodable or invalid message is dead-lettered and settled under every policy"`]
  },
  7: {
    given: 'repeated attempts have pauses, and an invalid message has none',
    tests: [
      '`test/consume/pipeline/retries.test.ts`: "the wait before a retry grows, is bounded, and varies by the jitter"',
      `\`${FAILING}\`: "an undecodable or invalid message is dead-lettered at once, and the next is handled"`
    ]
  },
  8: {
    given: 'a batch never mixes partitions',
    tests: [
      `\`${BATCHES}\`: "one call has messages of one partition in order, side by side with their values"`,
      '`test/broker/batch.test.ts`: "one call has messages of one partition, and no more than maxSize and maxBytes"'
    ]
  },
  9: {
    given: 'an offset is committed only when all before it are settled',
    tests: [
      '`test/consume/partition/tracker.test.ts`: "the watermark is the lowest unsettled offset, whatever the order of settling"',
      '`test/conformance/restarts.ts`: "a message that has no outcome holds the offset of its partition, and of no other"'
    ]
  },
  10: {
    given: 'an error handler decides by name',
    tests: [
      '`test/middleware/error-handler.test.ts`: "the handler of the nearest scope is asked first, and an error that it throws goes to the next"'
    ]
  },
  11: {
    given: 'a decision that is thrown counts under every policy but ACK_FIRST',
    tests: [`\`${SETTLING}\`: "a handler may throw its decision, under every policy but ACK_FIRST, which has decided"`]
  },
  12: {
    given: 'MANUAL: a handler that throws is run again',
    tests: [
      '`test/consume/pipeline/ack-policy.test.ts`: "NACK_ON_ERROR and MANUAL run a handler that throws again, for as long as retryOn says"'
    ]
  },
  13: {
    given: 'a commit that fails is told and tried again',
    tests: [
      '`test/consume/group/commits.test.ts`: "a commit that fails is tried again, one of a lost generation is not"',
      '`test/consume/group/commits.test.ts`: "a commit that fails is the last error, one of a lost generation is none"'
    ]
  },
  14: {
    given: 'a close waits for running handlers',
    tests: ['`test/conformance/groups.ts`: "close waits for the running handler, and its message is not redelivered"']
  },
  15: {
    given: 'the group is left when handlers have ended and their offsets are committed',
    tests: ['`test/consume/group/close.test.ts`: "close reads no more, lets handlers end, commits and leaves, once"']
  },
  16: {
    given: 'what was fetched and not started is redelivered',
    tests: [
      '`test/faststream/consume.test.ts`: "two at once of five messages: all five are handled, also when the app closes meanwhile"'
    ]
  },
  17: {
    given: 'a consumer that breaks restarts with pauses',
    tests: ['`test/kafka/consumer.test.ts`: "a consumer that breaks is reported and restarts at its committed offset"']
  },
  18: {
    given: 'a handler that returns nothing publishes nothing',
    tests: [
      '`test/faststream/publish.test.ts`: "a handler that returns nothing publishes nothing, also with a keyed publisher"'
    ]
  },
  19: {
    given: 'a clean-up that fails publishes nothing',
    tests: [
      '`test/deps/message.test.ts`: "a clean-up that fails is a failure: nothing is published, and the retry has new ones"'
    ]
  },
  20: {
    given: 'the correlation id goes on',
    tests: [
      '`test/conformance/consuming.ts`: "what a handler publishes itself carries the correlation id on, and so does a route"'
    ]
  },
  21: {
    given: 'each record of a batch has its headers',
    tests: [
      '`test/broker/publish-batch.test.ts`: "messages are published in their order, each with its own key, headers and partition"'
    ]
  },
  22: {
    given: 'every way of reading has the same pipeline',
    tests: [
      '`test/faststream/reading.test.ts`: "middlewares have one order and one end, whatever way messages are read"',
      '`test/conformance/dynamic.ts`: "a message that cannot be decoded becomes a dead letter, and the next one is handed over"'
    ]
  },
  23: {
    given: 'headers may be any bytes, and repeat',
    tests: ['`test/conformance/publishing.ts`: "headers may repeat, be binary or null, and have any name"']
  },
  24: {
    given: 'input and outcome of a handler are recorded apart',
    tests: [
      '`test/testing/spies.test.ts`: "a call keeps its value as it was before the call, and what a handler throws"'
    ]
  },
  25: {
    given: 'a topic that the app does not declare is an error of the test',
    tests: [
      '`test/testing/test-broker.test.ts`: "publish through a publisher checks its schema; an undeclared topic is an error"'
    ]
  },
  26: {
    given: 'publishing from the page is off, and needs an authorization',
    tests: [
      '`test/asyncapi/publish/authorize.test.ts`: "without the option nothing can be published"',
      '`test/asyncapi/publish/authorize.test.ts`: "authorize is asked for each message, and only true is a yes"'
    ]
  },
  27: {
    given: 'health follows the consumers',
    tests: [
      '`test/conformance/health.ts`: "an app whose handler is beyond its time is not healthy until it ends"',
      '`test/broker/under-pressure.test.ts`: "the status route of under-pressure tells when a subscriber has stopped"'
    ]
  },
  28: {
    given: 'a topic is one channel, and schemas of one name are two',
    tests: [
      '`test/asyncapi/document/channels.test.ts`: "a topic is a channel, with what is known of it"',
      '`test/asyncapi/document/document.test.ts`: "two meanings of one $id are two schemas"'
    ]
  },
  29: {
    given: 'the oldest Fastify of the range works, as only its public interface is used',
    none: '`npm run test:oldest` runs the tests that concern Fastify on that version'
  },
  30: {
    given: 'consumers start after the resources of the app and stop before them',
    tests: [
      '`test/broker/ready.test.ts`: "messages flow after the last onReady hook, and not when one of them failed"',
      '`test/broker/stop-order.test.ts`: "a handler ends before an onClose hook of a plugin that was registered later runs"'
    ]
  }
}
