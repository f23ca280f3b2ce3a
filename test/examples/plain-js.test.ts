import t from 'tap'
import ts from 'typescript'
import { testBroker } from 'fastify-faststream/testing'
// @ts-expect-error JavaScript, which examples/plain-js/tsconfig.json checks
import { build } from '../../examples/plain-js/app.js'

t.test('plain JavaScript: an order makes an invoice, and a wrong one is refused', async (t) => {
  const app = await build({}, { groupId: 'shop' })
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  const place = (payload: object) => app.inject({ method: 'POST', url: '/orders', payload })
  t.equal((await place({ id: '1', total: 9 })).statusCode, 202)
  t.equal((await place({ id: '1', total: -9 })).statusCode, 400)
  await broker.settled()
  t.match(broker.published('orders'), [{ key: '1', value: { id: '1', total: 9 } }])
  t.match(broker.published('invoices'), [{ value: { orderId: '1', amount: 9 } }])
  t.same(broker.errors, [])
})

t.test('the types in its comments pass the compiler', async (t) => {
  const config = ts.getParsedCommandLineOfConfigFile('examples/plain-js/tsconfig.json', {}, {
    ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ messageText }) => { throw new Error(String(messageText)) }
  })
  t.equal(config?.fileNames.length, 2)
  const program = ts.createProgram(config?.fileNames ?? [], config?.options ?? {})
  const faults = ts.getPreEmitDiagnostics(program)
  t.same(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')), [])
})
