import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import t, { type Test } from 'tap'
import { useByDefault } from '../../lib/broker/app-brokers.js'
import { SYSTEM } from '../../lib/broker/environment.js'
import { faststream } from '../support/faststream.js'
import { COMMANDS, commandsOf } from '../support/runbook.js'
import runbookApp, { state } from './runbook-app.js'
import { brokers, createTopic, uniqueName, until } from './fixture.js'

/* The commands of docs/operations/runbook.md as they are written there, on an app in that state. */

const APP = 'test/kafka/runbook-app.ts'

interface Outcome { readonly code: number, readonly out: string, readonly err: string }

/** The app of the runbook, and its commands. `on`: its cluster. */
async function shop (t: Test, on = brokers()) {
  const topic = await createTopic({ partitions: 1 }, on)
  const options = { brokers: on.join(), topic, group: uniqueName('shop') }
  // A command before has left another environment: that of apps which are only looked at.
  useByDefault(SYSTEM)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(fp(runbookApp), options)
  const folder = t.testdir({})
  const names = {
    'app.js': APP,
    orders: topic,
    'orders.dlq': `${topic}.dlq`,
    shop: options.group,
    'test/letter.test.js': join(folder, 'letter.test.js')
  }
  const behind = ['--', ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])]
  const run = async (heading: string, verb: string): Promise<Outcome[]> => {
    const outcomes: Outcome[] = []
    for (const argv of commandsOf(heading, verb, names)) outcomes.push(await faststream(...argv, ...behind))
    return outcomes
  }
  return { app, topic, group: options.group, folder, run }
}

t.test('every command of the runbook is run by a test', async (t) => {
  const names = [...new Set(COMMANDS.map(({ heading, argv: [verb, word] }) => (
    `${heading}: ${verb === 'dlq' ? `${verb} ${word}` : verb}`)))]
  t.same(names, [
    'Before something is wrong: doctor',
    'Lag grows: tail',
    'A partition stopped: tail',
    'Dead letters rise: dlq list',
    'Dead letters rise: dlq show',
    'Dead letters rise: dlq redrive',
    'Dead letters rise: dlq discard',
    'Dead letters rise: replay',
    'Publish is 503: check',
    'Publish is 503: publish'
  ])
})

t.test('dead letters rise: counted, shown, made a test, redriven after the cure, discarded, replayed', async (t) => {
  state.isBroken = true
  const heading = 'Dead letters rise'
  const { app, topic, folder, run } = await shop(t)
  await app.ready()
  for (const order of [{ id: 1 }, { id: 2 }, {}]) await app.broker.publish(topic, order)
  await until(async () => (await app.broker.deadLetters.list()).letters.length === 3)

  const [all, invalid] = await run(heading, 'dlq list')
  t.equal(all?.code, 1)
  t.equal(all?.out.match(/E_STOCK/g)?.length, 2)
  t.equal(invalid?.out.match(/validate/g)?.length, 1)
  const [shown, asTest] = await run(heading, 'dlq show')
  t.match(shown, { code: 0, out: /E_STOCK no stock[^]*now +valid/ })
  t.match(asTest, { code: 0, out: '' })
  const text = await readFile(join(folder, 'letter.test.js'), 'utf8')
  t.ok(text.includes(Buffer.from('{"id":1}').toString('base64')))

  state.isBroken = false
  const [dry, redriven] = await run(heading, 'dlq redrive')
  t.match(dry, { code: 1, out: /^3 would be redriven of 3\n[^]*'id'/, err: '' })
  t.match(redriven, { code: 0, out: '2 redriven of 3\n', err: /"redriven":2/ })
  t.same(await state.orders.count(2), [{ id: 1 }, { id: 2 }])
  const [discarded] = await run(heading, 'dlq discard')
  t.match(discarded, { code: 0, out: '1 discarded\n', err: /"reason":"sent by a test"/ })
  t.same((await app.broker.deadLetters.list()).letters, [])

  const [dryReplay, replayed] = await run(heading, 'replay')
  t.match(dryReplay, { code: 0, out: /^3 would be replayed .*2 left out/ })
  t.match(replayed, { code: 0, out: /^3 replayed .*2 left out/ })
  await state.orders.until((orders) => orders.length === 4)
  await app.broker.publish(topic, { id: 9 })
  await state.others.until((orders) => orders.some((order) => (order as { id?: number }).id === 9))
  t.equal(state.others.items.length, 4, 'the other group has skipped what was redriven and replayed')
})

t.test('before something is wrong: doctor looks at the cluster', async (t) => {
  const { app, run } = await shop(t)
  await app.ready()
  const [outcome] = await run('Before something is wrong', 'doctor')
  t.match(outcome, { code: 1, out: /replication[^]*what: [^]*why: [^]*do: / }, 'a cluster of one node has one replica')
})

t.test('lag grows, a partition stopped: tail shows the message at the place that is named', async (t) => {
  state.isBroken = false
  const { app, topic, run } = await shop(t)
  await app.ready()
  await app.broker.publish(topic, { id: 5 })
  for (const heading of ['Lag grows', 'A partition stopped']) {
    const [outcome] = await run(heading, 'tail')
    t.match(JSON.parse(outcome!.out), { partition: 0, offset: '0', value: { id: 5 } })
  }
})

t.test('publish is 503: check says that the app can start, and one message arrives', async (t) => {
  const { app, topic, run } = await shop(t)
  await app.ready()
  t.match(await run('Publish is 503', 'check'), [{ code: 0, out: 'nothing was found\n' }])
  t.match(await run('Publish is 503', 'publish'), [{ code: 0, out: `${topic}:0:0\n` }])
})
