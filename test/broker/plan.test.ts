import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import faststreamPlugin, { type FaststreamOptions, type InheritedOptions } from '../../index.js'
import { declarePublisher, declareSubscriber, type GivenSubscriber } from '../../lib/broker/declaration.js'
import { checkTogether } from '../../lib/broker/check-together.js'
import { withOptions } from '../../lib/broker/environment.js'
import { resolvePublisher, resolveSubscriber } from '../../lib/broker/plan.js'
import { PublisherPlan } from '../../lib/broker/publisher.js'
import { createPublishChains } from '../../lib/broker/publish-chains.js'
import { Publishers } from '../../lib/broker/publishers.js'
import { systemClock } from '../../lib/clock.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'

const kafka: FaststreamOptions = { brokers: ['localhost:9092'] }

function declared (options: InheritedOptions = {}, topics: string | string[] = 'orders') {
  return declareSubscriber(Fastify(), topics, options, function take () {})
}

t.test('a subscriber wins over the layers around it, the nearest of them over the plugin', async (t) => {
  const settings = normaliseOptions({ groupId: 'plugin', concurrency: 1, bodyLimit: 100, retry: { delay: 1 } }, 0)
  const layers = [
    { groupId: 'far', concurrency: 2, retry: { retries: 9 } }, { groupId: 'near', ordering: 'key' as const }
  ]
  const plan = resolveSubscriber(declared({ ordering: 'none' }), settings, { layers })
  t.match(plan, {
    groupId: 'near', concurrency: 2, bodyLimit: 100, ordering: 'none', retry: { delay: 1, retries: 9, factor: 2 }
  })
  t.ok(Object.isFrozen(plan))
  t.equal(resolveSubscriber(declared({ groupId: null }), settings, { layers }).groupId, null)
})

t.test('what a test overrides wins over all', async (t) => {
  const plan = resolveSubscriber(
    declared({ retry: { delay: 7, retries: 1 } }), normaliseOptions({}, 0), { overrides: [{ retry: { delay: 0 } }] }
  )
  t.match(plan.retry, { delay: 0, retries: 1 })
})

t.test('a publisher takes from the layers whether the document shows it', async (t) => {
  const settings = normaliseOptions({ includeInSchema: false }, 0)
  const publisher = (options: { includeInSchema?: boolean }) => declarePublisher(Fastify(), 'orders', options)
  t.equal(resolvePublisher(publisher({}), settings).includeInSchema, false)
  t.equal(resolvePublisher(publisher({}), settings, [{ includeInSchema: true }]).includeInSchema, true)
  t.equal(
    resolvePublisher(publisher({ includeInSchema: false }), settings, [{ includeInSchema: true }]).includeInSchema,
    false
  )
})

t.test('a group is required where no layer has one', async (t) => {
  const settings = normaliseOptions(kafka, 0)
  t.throws(() => resolveSubscriber(declared(), settings), { code: 'FASTSTREAM_ERR_GROUP_REQUIRED' })
  t.equal(resolveSubscriber(declared(), settings, { layers: [{ groupId: 'near' }] }).groupId, 'near')
})

t.test('the handler names a subscriber, otherwise its topics do; errors have that name and its scope', async (t) => {
  const unnamed = (options: GivenSubscriber = {}) => declareSubscriber(Fastify(), ['a', 'b'], options, () => {})
  t.equal(resolveSubscriber(unnamed(), normaliseOptions({}, 0)).name, 'a,b')
  t.equal(resolveSubscriber(declared(), normaliseOptions({}, 0)).name, 'take')
  const of = "subscriber of 'a, b' in scope 'fastify'"
  t.throws(() => resolveSubscriber(unnamed(), normaliseOptions(kafka, 0)), {
    code: 'FASTSTREAM_ERR_GROUP_REQUIRED', message: new RegExp(`${of}`)
  })
  const refused: Array<[options: GivenSubscriber, message: RegExp]> = [
    [{ sessionTimeout: 9000, heartbeatInterval: 5000 }, /^option 'heartbeatInterval' must be at most 3000, /],
    [{ groupId: null, sessionTimeout: 9000 }, /^option 'sessionTimeout' has no effect with groupId: null, /],
    [{ partitions: [0], sessionTimeout: 9000 }, /^option 'sessionTimeout' has no effect with 'partitions', /]
  ]
  for (const [options, { source }] of refused) {
    t.throws(() => resolveSubscriber(unnamed(options), normaliseOptions({ groupId: 'shop' }, 0)), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: new RegExp(`${source}.*\\(${of}\\)$`)
    })
  }
  t.throws(() => resolveSubscriber(unnamed(), normaliseOptions({ topicPrefix: 'x'.repeat(249) }, 0)), {
    code: 'FASTSTREAM_ERR_INVALID_TOPIC', message: /it begins with the topicPrefix 'x+', for the subscriber of 'x+/
  })
})

t.test('clashes are found among resolved options, wherever they are written', async (t) => {
  const settings = normaliseOptions({}, 0)
  const first = resolveSubscriber(declared({}, ['a', 'b']), settings, { layers: [{ groupId: 'shop' }] })
  const same = resolveSubscriber(declared({ groupId: 'shop' }, 'b'), settings)
  t.throws(() => checkTogether([first], same), { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER' })
  const other = resolveSubscriber(declared({ groupId: 'shop' }, 'c'), settings, { layers: [{ offsetReset: 'latest' }] })
  t.throws(() => checkTogether([first], other), { code: 'FASTSTREAM_ERR_GROUP_CLASH' })
  const back = resolveSubscriber(declared({ groupId: 'dead' }, 'a.dlq'), settings, {
    layers: [{ deadLetter: { topic: 'a' } }]
  })
  t.throws(() => checkTogether([first], back), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'a.dlq' \(a.dlq → a → a.dlq\)/
  })
  t.doesNotThrow(() => checkTogether([first], resolveSubscriber(declared({ groupId: null }, 'a'), settings)))
})

t.test('a declaration keeps what was written, whatever becomes of the object', async (t) => {
  const options: InheritedOptions = { groupId: 'shop' }
  const declaration = declared(options)
  options.groupId = 'other'
  t.equal(declaration.options.groupId, 'shop')
  t.ok(Object.isFrozen(declaration))
})

t.test('a topic has the publisher of the nearest scope', async (t) => {
  const root = Fastify()
  const send = async (): Promise<never> => { throw new Error('not sent here') }
  const sender = { send, failedLater: () => {} }
  const settings = normaliseOptions({}, 0)
  const broker = { settings, clock: systemClock, get producer (): never { throw new Error('not sent here') } }
  const chains = createPublishChains(broker, root.log)
  const plans = new Map()
  const add = (scope: FastifyInstance, topic: string) => {
    const plan = new PublisherPlan({ topic, hasSchema: false, validators: {} }, {
      sender, now: Date.now, log: scope.log, chains, replies: () => ({ bodyLimit: 1, validators: {} })
    })
    plans.set(declarePublisher(scope, topic, {}), plan)
    return plan
  }
  const [outer] = [add(root, 'orders'), add(root, 'two'), add(root, 'two')]
  await root.register(async (scope) => {
    const inner = add(scope, 'orders')
    await scope.register(async (child) => {
      const publishers = new Publishers(plans)
      t.equal(publishers.find(root, 'orders'), outer)
      t.equal(publishers.find(scope, 'orders'), inner)
      t.equal(publishers.find(child, 'orders'), inner)
      t.equal(publishers.find(child, 'unknown'), undefined)
      t.throws(() => publishers.find(child, 'two'), { code: 'FASTSTREAM_ERR_DUPLICATE_PUBLISHER' })
    })
  })
  await root.close()
})

t.test('nothing is published through a plan before the app is ready', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  const publisher = app.broker.publisher('orders')
  await t.rejects(publisher.publish(1), { code: 'FASTSTREAM_ERR_NOT_READY' })
  await t.rejects(app.broker.publish('orders', 1), { code: 'FASTSTREAM_ERR_NOT_READY' })
  await app.ready()
  t.match(await publisher.publish(1), { topic: 'orders', offset: 0n })
})

t.test('options of the environment win over those of the plugin, which keeps the others', (t) => {
  const settings = normaliseOptions({ topics: 'verify', commit: { interval: 7, count: 3 } }, 0)
  t.same(withOptions(settings, {}), settings)
  const changed = withOptions(settings, { topics: 'ignore', commit: { interval: 1 } })
  t.same(changed, { ...settings, topics: 'ignore', commit: { ...settings.commit, interval: 1 } })
  t.end()
})
