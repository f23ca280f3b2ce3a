/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import { test } from 'node:test'
import Fastify from 'fastify'
import t from 'tap'
import { test as vitest } from 'vitest'
import type { Transport } from '../index.js'
import {
  assertRunCoverage, createTester, startLocalKafka, testBroker, transportConformance
} from '../lib/testing/index.js'

const app = Fastify()

// A local Kafka goes to test brokers and testers
await using kafka = await startLocalKafka()
await using broker = await testBroker(app, { brokers: kafka.brokers, background: 'manual' })
await createTester(app, { brokers: 'localhost:9092', transport: 'kafkajs' })
const [address] = kafka.brokers
app.log.info(address?.length)
await kafka.stop()
// @ts-expect-error it has no options
await startLocalKafka({ nodes: 3 })
// @ts-expect-error addresses are texts
await testBroker(app, { brokers: [9092] })

// Background tasks
const task = broker.background('clock')
task.start()
await task.stop()
// @ts-expect-error a task has a name
broker.background()
// @ts-expect-error there is no such start
await testBroker(app, { background: 'never' })

// Sentences of a transport, for any test runner
declare const transport: Transport
transportConformance(test, () => transport)
transportConformance((name, sentence) => t.test(name, sentence), async () => transport)
transportConformance((name, sentence) => { if (name.startsWith('a record')) vitest(name, sentence) }, () => transport)
// @ts-expect-error a factory makes a transport
transportConformance(test, () => 'kafkajs')

// Coverage of a run
const { percent, missed } = assertRunCoverage('.message-coverage', 80)
app.log.info({ rounded: percent.toFixed(1), first: missed[0]?.length })
// @ts-expect-error the share is a number
assertRunCoverage('.message-coverage', '80 %')
