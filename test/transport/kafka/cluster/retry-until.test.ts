import t from 'tap'
import { Operation } from '../../../../lib/transport/kafka/cluster/retry-until.js'
import { manualEnvironment } from '../../../support/kafka-client.js'

t.test('many requests of one operation are no leak that Node warns of', async (t) => {
  const warnings: Error[] = []
  const listen = (warning: Error): void => { warnings.push(warning) }
  process.on('warning', listen)
  t.teardown(() => { process.off('warning', listen) })
  const operation = new Operation(1000, manualEnvironment())
  await operation.run(async ({ signal }) => {
    for (let i = 0; i < 20; i++) signal.addEventListener('abort', () => {}, { once: true })
  })
  await new Promise((resolve) => { setImmediate(resolve) })
  t.same(warnings, [])
})
