import t from 'tap'
import { testBroker } from 'fastify-faststream/testing'
import { build } from '../../examples/faststream-readme/app.js'

// FastStream: `async with TestKafkaBroker(broker)` around `broker.publish(DataBasic(data=0.2), "input_data")`.
t.test("the README's program: what is published to input_data is answered in output_data", async (t) => {
  const app = await build({}, { groupId: 'readme' })
  t.teardown(() => app.close())
  const output: unknown[] = []
  app.broker.subscriber('output_data', async function onOutputData (value) { output.push(value) })
  const broker = await testBroker(app)
  await broker.publish('input_data', { data: 0.2 })
  await broker.settled()
  t.match(broker.published('input_data'), [{ value: { data: 0.2 } }])
  t.same(output, [{ data: 1.2 }])
  t.same(broker.errors, [])
})

t.test("the README's user service: a user is registered", async (t) => {
  const app = await build({}, { groupId: 'readme' })
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  await broker.publish('in', { user: 'John', user_id: 1 })
  await broker.settled()
  t.match(broker.published('out'), [{ value: 'User: John - 1 registered' }])
})

// FastStream: `with pytest.raises(ValidationError)` around the publish.
t.test("the README's ValidationError: a wrong message is refused, and its handler is not run", async (t) => {
  const app = await build({}, { groupId: 'readme' })
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  await broker.publish('in', 'wrong message')
  await broker.publish('in', { user: 'John', user_id: -1 })
  await broker.publish('input_data', { data: -0.5 })
  await broker.settled()
  const invalid = { stage: 'validate', error: { code: 'FASTSTREAM_ERR_VALIDATION' } }
  t.match(broker.errors.map(({ topic }) => topic).sort(), ['in', 'in', 'input_data'])
  for (const error of broker.errors) t.match(error, invalid)
  t.same([...broker.published('out'), ...broker.published('output_data')], [])
  t.equal((await app.inject({ method: 'POST', url: '/data', payload: { data: -1 } })).statusCode, 400)
})

t.test("the README's Field: examples and descriptions are in the AsyncAPI document", async (t) => {
  const app = await build({}, { groupId: 'readme' })
  t.teardown(() => app.close())
  await testBroker(app)
  t.match(app.asyncapi(), {
    components: {
      schemas: {
        DataBasic: { properties: { data: { minimum: 0, examples: [0.5], description: 'Float data example' } } },
        User: {
          properties: { user: { examples: ['John'] }, user_id: { exclusiveMinimum: 0, examples: [1] } }
        }
      }
    }
  })
})

t.test('a route publishes what its schema lets through', async (t) => {
  const app = await build({}, { groupId: 'readme' })
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  t.equal((await app.inject({ method: 'POST', url: '/data', payload: { data: 1 } })).statusCode, 202)
  await broker.settled()
  t.match(broker.published('output_data'), [{ value: { data: 2 } }])
})
