import { readdirSync } from 'node:fs'
import t from 'tap'
import { runExample } from '../support/run-example.js'
import { brokers } from './fixture.js'

/* `npm run example` with KAFKA_BROKERS. The shop also needs a database, and test/examples/shop.test.ts has one. */

for (const name of readdirSync('examples').filter((name) => name !== 'shop')) {
  t.test(`the example ${name} runs on Kafka`, async (t) => {
    const example = await runExample(t, name, { ...process.env, KAFKA_BROKERS: brokers().join() })
    t.notMatch(example.log, /in-memory broker/)
    // Its subscribers are declared per request, without a group.
    t.match(example.log, name === 'live-orders' ? /connected to kafka/ : /joined the group/)
    t.equal(await example.stop(), 0)
  })
}
