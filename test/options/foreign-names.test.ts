import t, { type Test } from 'tap'
import faststreamPlugin from '../../index.js'
import { FASTKAFKA_NAMES, FASTSTREAM_NAMES } from '../../lib/options/foreign-names.js'
import { INHERITED } from '../../lib/options/inherited.js'
import { normaliseOptions, PLUGIN } from '../../lib/options/plugin-options.js'
import { testBroker } from '../../lib/testing/index.js'
import { PARAMETERS } from '../docs/foreign-names.js'
import { build } from '../support/plugin-app.js'

/** Names that the texts of those pages have and their signatures do not, and those of the broker and its publish. */
const MORE = [
  'auto_commit', 'no_ack', 'graceful_timeout', 'security', 'id_generator', 'correlation_id', 'timestamp_ms',
  'no_confirm', 'client_rack', 'consumer_only', 'log_level', 'apply_types', 'serializer', 'specification_url'
]
const INVALID = { code: 'FASTSTREAM_ERR_INVALID_OPTION' }

/** The error of an option that is written with no value: one that is known has none. */
async function refusalOf (write: (options: object) => unknown, name: string): Promise<string | undefined> {
  try {
    await write({ [name]: undefined })
  } catch (error) {
    return (error as Error).message
  }
}

async function readyApp (t: Test) {
  const app = await build(t, { groupId: 'shop' })
  app.broker.publisher('orders')
  await testBroker(app)
  return app
}

t.test('an option of FastStream or FastKafka is known, or its error says what to write, everywhere', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const ready = await readyApp(t)
  let topics = 0
  const places: ReadonlyArray<readonly [place: string, write: (options: object) => unknown]> = [
    ['the plugin', (options) => normaliseOptions(options, 10_000)],
    ['subscriber()', (options) => app.broker.subscriber(`t${topics++}`, options, () => {})],
    ['publisher()', (options) => app.broker.publisher(`t${topics++}`, options)],
    ['publish()', (options) => ready.broker.publish('orders', 1, options)]
  ]
  for (const [place, write] of places) {
    for (const name of [...PARAMETERS, ...MORE]) {
      const refusal = await refusalOf(write, name)
      if (refusal === undefined) continue
      t.match(refusal, new RegExp(`^option '${name}' is not known here. Fast(Stream|Kafka)'s '${name}': `), place)
    }
  }
})

t.test('options of tests that have other names there are refused with what to write', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  for (const name of ['app', 'use_in_memory_broker']) {
    t.match(await refusalOf((options) => testBroker(app, options), name), /is not known here. FastKafka's/)
  }
})

t.test('an option of FastStream is named by its name there, also when it is written in camel case', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const write = (options: object) => () => app.broker.subscriber('orders', options, () => {})
  t.throws(write({ group_id: 'shop' }), {
    ...INVALID, message: "option 'group_id' is not known here. FastStream's 'group_id': use 'groupId'"
  })
  t.throws(write({ maxWorkers: 4 }), {
    ...INVALID,
    message: "option 'maxWorkers' is not known here. FastStream's 'max_workers': use 'concurrency', and 'ordering' " +
      'for what must stay in order'
  })
  t.throws(() => app.broker.publisher('orders', { autoflush: true } as object), {
    ...INVALID, message: /autoflush.*a publish resolves when its record is in the log/
  })
  await t.rejects(async () => { await app.register(faststreamPlugin, { bootstrap_servers: 'a:1' } as object) }, {
    ...INVALID, message: /FastKafka's 'bootstrap_servers': use 'brokers'/
  })
  t.throws(() => normaliseOptions({ producer: { linger_ms: 5 } } as object, 0), {
    ...INVALID, message: /'producer.linger_ms'.*a lone message leaves at once/
  })
})

t.test('inside of an option a name is as unknown as any other', async (t) => {
  t.throws(() => normaliseOptions({ deadLetter: { topics: 'a' } } as object, 0), {
    ...INVALID, message: "option 'deadLetter.topics' is not known: there are topic"
  })
})

t.test('the tables have no other names, none twice, and the options that they name exist', async (t) => {
  const names = [...Object.keys(FASTSTREAM_NAMES), ...Object.keys(FASTKAFKA_NAMES)]
  t.same(names.filter((name) => !PARAMETERS.includes(name) && !MORE.includes(name)), [])
  t.equal(new Set(names).size, names.length)
  const app = await build(t, { groupId: 'shop' })
  const ready = await readyApp(t)
  const knownTo = async (write: (options: object) => unknown): Promise<readonly string[]> => {
    return /there are (.*)$/.exec(await refusalOf(write, 'nope') ?? '')?.[1]?.split(', ') ?? []
  }
  const known = new Set([
    ...Object.keys(PLUGIN), ...Object.keys(INHERITED),
    ...await knownTo((options) => app.broker.subscriber('a', options, () => {})),
    ...await knownTo((options) => app.broker.publisher('a', options)),
    ...await knownTo((options) => ready.broker.publish('orders', 1, options))
  ])
  for (const [name, cure] of [...Object.entries(FASTSTREAM_NAMES), ...Object.entries(FASTKAFKA_NAMES)]) {
    for (const [, option = ''] of cure.matchAll(/(?:use|and) '([a-z]\w*)[.\w]*'/g)) {
      t.ok(known.has(option), `${name}: ${option}`)
    }
  }
})
