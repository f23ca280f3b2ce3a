import { rmSync } from 'node:fs'
import t from 'tap'
import { assertRunCoverage, testBroker } from '../../lib/testing/index.js'
import { buildShop } from '../support/shop.js'

t.test('the coverage of a run is that of all its test brokers together', async (t) => {
  const directory = `${t.testdir()}/coverage`
  process.env.FASTSTREAM_TEST_COVERAGE = directory
  t.teardown(() => { delete process.env.FASTSTREAM_TEST_COVERAGE })
  for (const order of [{ id: '1', total: 9 }, { id: 1 }, null]) {
    const { app } = await buildShop(t)
    const broker = await testBroker(app, { allowFailures: true })
    await broker.track(() => broker.publish('orders', order))
    t.throws(() => { broker.assertCoverage(80) }, 'none of the tests exercises so much alone')
    await broker.close()
  }
  const coverage = assertRunCoverage(directory, 80)
  t.match(coverage.subscribers, [{
    topics: ['orders'], branches: { handled: 1, retry: 0, 'dead letter': 2, invalid: 2, tombstone: 1 }
  }])
  t.match(coverage.publishers, [{ topic: 'orders', published: 3 }, { topic: 'invoices', published: 1 }])
  t.equal(coverage.subscribers.length, 1)
  t.same(coverage.missed, ['makeInvoice: retry'])
  t.throws(() => assertRunCoverage(directory, 100), {
    code: 'FASTSTREAM_ERR_ASSERTION', message: /and 100 % are required.*\n {2}makeInvoice: retry$/
  })
})

t.test('without the directory nothing is kept, and a wrong one is refused', async (t) => {
  const directory = t.testdir()
  const { app } = await buildShop(t)
  await (await testBroker(app)).close()
  t.equal(assertRunCoverage(directory, 0).percent, 100, 'no test broker has anything to exercise')
  t.throws(() => assertRunCoverage('', 0), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  rmSync(directory, { recursive: true })
  t.throws(() => assertRunCoverage(directory, 0), { code: 'ENOENT' })
})
