import t from 'tap'
import { AckMessage, NackMessage, RejectMessage, SkipMessage, dependency } from '../../index.js'
import type { AckPolicy, Message } from '../../index.js'
import { brokersOf } from '../../lib/broker/app-brokers.js'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { StoredRecord, World } from './world.js'

const POLICIES: readonly AckPolicy[] = ['ACK_FIRST', 'ACK', 'REJECT_ON_ERROR', 'NACK_ON_ERROR', 'MANUAL']

/** What settles a message, and who says so: its policy, what its handler calls, what it throws. */
export function settling (world: World): void {
  /** A topic for each policy. */
  async function topicOfEach (): Promise<Record<AckPolicy, string>> {
    const topics = await Promise.all(POLICIES.map(async (policy) => [policy, await world.createTopic(1)] as const))
    return Object.fromEntries(topics) as Record<AckPolicy, string>
  }

  /** What each policy has committed. */
  async function committed (groupId: string, topics: Record<AckPolicy, string>): Promise<string> {
    const offsets = await Promise.all(POLICIES.map((policy) => world.committed(groupId, topics[policy])))
    return offsets.join()
  }

  async function deadLetters (topic: string): Promise<readonly string[]> {
    return (await world.read(`${topic}.dlq`)).map(
      ({ value, headers }: StoredRecord) => `${value}: ${headers['x-dlq-stage']}, ${headers['x-dlq-error-message']}`
    )
  }

  t.test(`${world.name}: settling`, async (t) => {
    t.test('each policy has its own idea of a handler that succeeds, throws once, throws always', async (t) => {
      const [topics, groupId] = [await topicOfEach(), world.unique('g')]
      const retry = { retries: 2, delay: 1, maxDelay: 5 }
      const first = await world.app(t, { groupId, commit: { interval: 10 }, retry })
      const runs = new Inbox<string>()
      for (const ackPolicy of POLICIES) {
        first.broker.subscriber(topics[ackPolicy], { ackPolicy }, (value, message) => {
          runs.add(`${ackPolicy} ${value} ${message.attempt}`)
          if (value === 'always' || (value === 'once' && message.attempt === 1)) throw new Error('no')
          if (ackPolicy === 'MANUAL') message.ack()
        })
      }
      await first.ready()
      for (const policy of POLICIES) {
        for (const value of ['good', 'once', 'always']) await first.broker.publish(topics[policy], value)
      }
      await eventually(async () => await committed(groupId, topics) === '3,3,3,2,2')
      await runs.until((items) => items.includes('NACK_ON_ERROR always 9') && items.includes('MANUAL always 9'))
      const runsOf = (policy: AckPolicy) => runs.items.filter((run) => run.startsWith(`${policy} `)).map(
        (run) => run.slice(policy.length + 1)
      )
      t.same(runsOf('ACK_FIRST'), ['good 1', 'once 1', 'always 1'])
      t.same(runsOf('ACK'), ['good 1', 'once 1', 'always 1'])
      t.same(runsOf('REJECT_ON_ERROR'), ['good 1', 'once 1', 'once 2', 'always 1', 'always 2', 'always 3'])
      for (const policy of ['NACK_ON_ERROR', 'MANUAL'] as const) {
        const tries = ['good 1', 'once 1', 'once 2', 'always 1', 'always 2', 'always 3', 'always 4']
        t.same(runsOf(policy).slice(0, 7), tries)
      }
      await first.close()
      t.same(
        await Promise.all(POLICIES.map((policy) => deadLetters(topics[policy]))),
        [[], [], ['always: retries-exhausted, no'], [], []]
      )

      const second = await world.app(t, { groupId, commit: { interval: 10 } })
      const again = new Inbox<string>()
      for (const policy of POLICIES) {
        second.broker.subscriber(topics[policy], (value, { attempt }) => { again.add(`${policy} ${value} ${attempt}`) })
      }
      await second.ready()
      for (const policy of POLICIES) await second.broker.publish(topics[policy], 'new')
      await eventually(async () => await committed(groupId, topics) === '4,4,4,4,4')
      t.same(
        [...again.items].filter((item) => !item.includes(' new ')).sort(), ['MANUAL always 1', 'NACK_ON_ERROR always 1']
      )
    })

    t.test('ACK_FIRST settles before the handler has ended, the others do not, and MANUAL not even then', async (t) => {
      const [topics, groupId] = [await topicOfEach(), world.unique('g')]
      const { opened, open } = gate()
      t.teardown(open)
      const app = await world.app(t, { groupId, commit: { interval: 10 } })
      const began = new Inbox<Message>()
      for (const ackPolicy of POLICIES) {
        app.broker.subscriber(
          topics[ackPolicy], { ackPolicy }, async (_, message) => { began.add(message); await opened }
        )
      }
      await app.ready()
      for (const policy of POLICIES) await app.broker.publish(topics[policy], 1)
      await began.count(5)
      await eventually(async () => await committed(groupId, topics) === '1,0,0,0,0')
      open()
      await eventually(async () => await committed(groupId, topics) === '1,1,1,1,0')
      t.same(
        began.items.map((message) => message.ack()).filter(Boolean),
        [true],
        'only the one of MANUAL can still be decided'
      )
      await eventually(async () => await committed(groupId, topics) === '1,1,1,1,1')
    })

    t.test('an undecodable or invalid message is dead-lettered and settled under every policy', async (t) => {
      const [topics, groupId] = [await topicOfEach(), world.unique('g')]
      const app = await world.app(t, { groupId, commit: { interval: 10 } })
      let handled = 0
      for (const ackPolicy of POLICIES) {
        app.broker.subscriber(
          topics[ackPolicy], { ackPolicy, schema: { value: { type: 'integer' } } }, () => { handled++ }
        )
      }
      await app.ready()
      for (const policy of POLICIES) {
        await app.broker.publish(topics[policy], Buffer.from('{bad'), {
          headers: { 'content-type': 'application/json' }
        })
        await app.broker.publish(topics[policy], 'text')
      }
      await eventually(async () => await committed(groupId, topics) === '2,2,2,2,2')
      for (const policy of POLICIES) {
        const stages = (await deadLetters(topics[policy])).map((letter) => letter.split(',')[0])
        t.same(stages, ['{bad: deserialize', 'text: validate'], policy)
      }
      t.equal(handled, 0)
    })

    t.test('the first decision of a handler counts; ACK_FIRST has decided before the handler', async (t) => {
      const [topics, groupId] = [await topicOfEach(), world.unique('g')]
      const app = await world.app(t, { groupId, commit: { interval: 10 }, retry: { retries: 0, delay: 1 } })
      const runs = new Inbox<string>()
      for (const ackPolicy of POLICIES) {
        app.broker.subscriber(topics[ackPolicy], { ackPolicy }, (value, message) => {
          const first = message.attempt > 1 || value === 'ack'
            ? message.ack()
            : value === 'nack'
              ? message.nack(
                { delay: 1 }
              )
              : message.reject(
                'not this one'
              )
          const later = [message.ack(), message.nack(), message.reject()]
          runs.add(`${ackPolicy} ${value} ${message.attempt} ${first} ${later}`)
          throw new Error('no')
        })
      }
      await app.ready()
      for (const policy of POLICIES) {
        for (const value of ['ack', 'nack', 'reject']) await app.broker.publish(topics[policy], value)
      }
      await eventually(async () => await committed(groupId, topics) === '3,3,3,3,3')
      for (const policy of POLICIES) {
        const seen = runs.items.filter((run) => run.startsWith(`${policy} `)).map((run) => run.slice(policy.length + 1))
        if (policy === 'ACK_FIRST') {
          t.same(seen, ['ack 1', 'nack 1', 'reject 1'].map((run) => `${run} false false,false,false`), policy)
          t.same(await deadLetters(topics[policy]), [], policy)
          continue
        }
        t.same(seen, ['ack 1', 'nack 1', 'nack 2', 'reject 1'].map((run) => `${run} true false,false,false`), policy)
        t.same(await deadLetters(topics[policy]), ['reject: rejected, not this one'], policy)
      }
    })

    t.test('MANUAL: a decision may follow the end of the handler, and later messages wait for it', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await world.app(t, { groupId, commit: { interval: 10 }, ackPolicy: 'MANUAL', drainTimeout: 500 })
      const inbox = new Inbox<Message>()
      app.broker.subscriber(topic, (_, message) => { inbox.add(message) })
      await app.ready()
      for (const value of ['ack', 'nack', 'reject', 'last']) await app.broker.publish(topic, value)
      const next = async (count: number) => (await inbox.count(count))[count - 1] as Message
      const ack = await next(1)
      t.same([ack.ack(), ack.ack(), ack.nack()], [true, false, false])
      await eventually(async () => (await world.committed(groupId, topic))[0] === 1n)
      const nack = await next(2)
      t.same([nack.nack({ delay: 1 }), nack.ack()], [true, false])
      const again = await next(3)
      t.same([again.value, again.attempt], ['nack', 2])
      t.same([nack.ack(), again.ack()], [false, true], 'the run that is over has nothing to say')
      t.same([(await next(4)).reject('late no')], [true])
      t.equal((await next(5)).value, 'last')
      await eventually(async () => (await world.committed(groupId, topic))[0] === 3n)
      t.same(await deadLetters(topic), ['reject: rejected, late no'])
      await app.close()
      t.same([inbox.items.at(-1)?.ack(), inbox.items.length], [false, 5], 'its attempt was given up')
      t.same(await world.committed(groupId, topic), [3n])
    })

    t.test('what comes after the outcome of a run decides nothing', async (t) => {
      const [topics, groupId] = [await topicOfEach(), world.unique('g')]
      const app = await world.app(t, { groupId, commit: { interval: 10 }, retry: { retries: 1, delay: 1 } })
      const inbox = new Inbox<Message>()
      for (const ackPolicy of POLICIES) {
        app.broker.subscriber(topics[ackPolicy], { ackPolicy }, (value, message) => {
          inbox.add(message)
          if (value === 'good') throw new AckMessage()
          if (message.attempt === 1) throw new Error('no')
          throw new RejectMessage()
        })
      }
      await app.ready()
      for (const policy of POLICIES) {
        for (const value of ['good', 'bad']) await app.broker.publish(topics[policy], value)
      }
      await eventually(async () => await committed(groupId, topics) === '2,2,2,2,2')
      t.equal(inbox.items.length, 2 + 2 + 3 * 3)
      t.same(inbox.items.filter((message) => message.nack() || message.ack() || message.reject()), [])
    })

    for (const handler of ['has ended', 'still runs']) {
      t.test(`a late decision on a lost partition has no effect: its handler ${handler}`, async (t) => {
        const [topic, groupId] = [await world.createTopic(2), world.unique('g')]
        const { opened, open } = gate()
        t.teardown(open)
        const first = await world.app(t, {
          groupId, ackPolicy: 'MANUAL', revokeDrain: 50, commit: { interval: 10 }, drainTimeout: 500
        })
        const held = new Inbox<Message>()
        first.broker.subscriber(topic, async (_, message) => {
          held.add(message)
          if (handler === 'still runs') await opened
        })
        await first.ready()
        for (const partition of [0, 1]) for (const n of [1, 2, 3]) await first.broker.publish(topic, n, { partition })
        await held.count(2)
        const second = await world.app(t, { groupId, commit: { interval: 10 } })
        const taken = new Inbox<number>()
        second.broker.subscriber(topic, (_, { partition }) => { taken.add(partition) })
        await second.ready()
        const [lost] = await taken.count(3) as [number]
        const expected = lost === 0 ? '3,0' : '0,3'
        await eventually(async () => (await world.committed(groupId, topic)).join() === expected)
        const late = held.items.slice(0, 2)
        t.same(late.map(({ signal }) => signal.aborted), [true, true])
        t.same(late.map((message) => message.ack()), [false, false])
        open()
        // The message of the partition that it kept is redelivered, too.
        const [kept] = (await held.count(3)).slice(2) as [Message]
        t.equal(kept.partition, 1 - lost)
        t.ok(kept.ack())
        await eventually(async () => (await world.committed(groupId, topic))[kept.partition] === 1n)
        t.equal((await world.committed(groupId, topic))[lost], 3n)
        t.same(taken.items, [lost, lost, lost])
      })
    }

    t.test('MANUAL: a message without a decision blocks its lane, shows in health() and is retried', async (t) => {
      const [topic, groupId] = [await world.createTopic(2), world.unique('g')]
      const retry = { retries: 1000, delay: 1, maxDelay: 5 }
      const app = await world.app(t, { groupId, ackPolicy: 'MANUAL', commit: { interval: 10 }, retry })
      const [forgotten, handled] = [new Inbox<Message>(), new Inbox<string>()]
      app.broker.subscriber(topic, { handlerTimeout: 100 }, (value, message) => {
        const isEarly = message.attempt < 3 || handled.items.length === 0
        if (value === 'forgotten' && isEarly) return forgotten.add(message)
        handled.add(`${value} ${message.partition}`)
        message.ack()
      })
      await app.ready()
      for (const value of ['forgotten', 'behind it']) await app.broker.publish(topic, value, { partition: 0 })
      await forgotten.count(1)
      await app.broker.publish(topic, 'beside it', { partition: 1 })
      t.same(await handled.count(1), ['beside it 1'])
      await forgotten.count(2)
      t.match(app.broker.health().subscribers, [{ lastError: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
      t.ok(forgotten.items[0]?.signal.aborted)
      t.equal(forgotten.items[0]?.ack(), false, 'its run has failed')
      t.same((await handled.count(3)).slice(1), ['forgotten 0', 'behind it 0'])
      await eventually(async () => (await world.committed(groupId, topic)).join() === '2,1')
      t.same(await deadLetters(topic), [])
    })

    t.test('a handler that has decided may take longer than it has: what it decided stands', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await world.app(t, { groupId, commit: { interval: 10 }, handlerTimeout: 20, retry: { delay: 1 } })
      const inbox = new Inbox<string>()
      app.broker.subscriber(topic, async (value, message) => {
        inbox.add(`${value} ${message.attempt} ${message.ack()}`)
        if (value !== 'long') return
        await new Promise((resolve) => { message.signal.addEventListener('abort', resolve) })
      })
      await app.ready()
      for (const value of ['long', 'next']) await app.broker.publish(topic, value)
      await eventually(async () => (await world.committed(groupId, topic))[0] === 2n)
      t.same(inbox.items, ['long 1 true', 'next 1 true'])
    })

    t.test('a handler may throw its decision, under every policy but ACK_FIRST, which has decided', async (t) => {
      const [topics, groupId] = [await topicOfEach(), world.unique('g')]
      const app = await world.app(t, {
        groupId, commit: { interval: 10 }, retry: { retries: 0, delay: 600_000, maxDelay: 600_000 }
      })
      const runs = new Inbox<string>()
      const thrown: Record<string, () => Error> = {
        ack: () => new AckMessage(),
        skip: () => new SkipMessage(),
        nack: () => new NackMessage({ delay: 20 }),
        reject: () => new RejectMessage('a negative total'),
        mute: () => new RejectMessage()
      }
      for (const ackPolicy of POLICIES) {
        app.broker.subscriber(topics[ackPolicy], { ackPolicy }, (value, message) => {
          runs.add(`${ackPolicy} ${value} ${message.attempt}`)
          if (message.attempt < 4) throw thrown[String(value)]?.() ?? new Error('unknown')
          message.ack()
        })
      }
      await app.ready()
      const { clock } = brokersOf(app).environment
      const began = clock.elapsed()
      for (const policy of POLICIES) {
        for (const value of Object.keys(thrown)) await app.broker.publish(topics[policy], value)
      }
      await eventually(async () => await committed(groupId, topics) === '5,5,5,5,5')
      t.ok(clock.elapsed() - began >= 60, 'three times 20 ms')
      for (const policy of POLICIES) {
        const seen = runs.items.filter((run) => run.startsWith(`${policy} `)).map((run) => run.slice(policy.length + 1))
        const nacks = policy === 'ACK_FIRST' ? ['nack 1'] : ['nack 1', 'nack 2', 'nack 3', 'nack 4']
        t.same(seen, ['ack 1', 'skip 1', ...nacks, 'reject 1', 'mute 1'], policy)
        t.same(
          await deadLetters(topics[policy]),
          policy === 'ACK_FIRST'
            ? []
            : ['reject: rejected, a negative total', 'mute: rejected, the handler rejected the message'],
          policy
        )
      }
    })

    t.test('what a handler returned is published when its message is acknowledged, and only then', async (t) => {
      const [topic, manual, results] = [
        await world.createTopic(1), await world.createTopic(1), await world.createTopic(1)
      ]
      const app = await world.app(t, { groupId: world.unique('g'), retry: { retries: 0 } })
      const publish = app.broker.publisher(results)
      const [inbox, held] = [new Inbox<unknown>(), new Inbox<Message>()]
      app.broker.subscriber(topic, { publish }, (value, message) => {
        if (value === 'ack') message.ack()
        if (value === 'nack' && message.attempt === 1) message.nack({ delay: 1 })
        if (value === 'reject') message.reject()
        return `${value} ${message.attempt}`
      })
      app.broker.subscriber(manual, { publish, ackPolicy: 'MANUAL' }, (value, message) => {
        held.add(message)
        return `${value} ${message.attempt}`
      })
      app.broker.subscriber(results, (value) => { inbox.add(value) })
      await app.ready()
      const [late] = [await app.broker.publish(manual, 'late'), await held.count(1)].slice(1) as [readonly Message[]]
      for (const value of ['ack', 'nack', 'reject', 'plain']) await app.broker.publish(topic, value)
      t.same(await inbox.count(3), ['ack 1', 'nack 2', 'plain 1'])
      late[0]?.nack({ delay: 1 })
      ;(await held.count(2))[1]?.ack()
      t.same(await inbox.count(4), ['ack 1', 'nack 2', 'plain 1', 'late 2'])
      t.same((await world.read(results)).length, 4)
    })

    t.test('dependencies commit when the message is acknowledged, and roll back otherwise', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await world.app(t, { groupId, commit: { interval: 10 }, retry: { retries: 0 } })
      const ends: string[] = []
      const transaction = dependency(function * transaction (_, { source }) {
        const name = source.kind === 'message' ? `${source.message.value} ${source.message.attempt}` : 'http'
        try {
          yield name
          ends.push(`${name} committed`)
        } catch (err) {
          ends.push(`${name} rolled back`)
          throw err
        }
      })
      const acts: Record<string, (message: Pick<Message, 'ack' | 'nack' | 'reject'>) => void> = {
        plain: () => {},
        'throws ack': () => { throw new AckMessage() },
        'throws skip': () => { throw new SkipMessage() },
        'throws nack': () => { throw new NackMessage({ delay: 1 }) },
        'throws reject': () => { throw new RejectMessage() },
        acks: (message) => { message.ack() },
        nacks: (message) => { message.nack({ delay: 1 }) },
        rejects: (message) => { message.reject() }
      }
      app.broker.subscriber(topic, { deps: { transaction } }, (value, message) => {
        if (message.attempt === 1) acts[String(value)]?.(message)
      })
      await app.ready()
      for (const value of Object.keys(acts)) await app.broker.publish(topic, value)
      await eventually(async () => (await world.committed(groupId, topic))[0] === 8n)
      t.same(ends, [
        'plain 1 committed', 'throws ack 1 committed', 'throws skip 1 committed',
        'throws nack 1 rolled back', 'throws nack 2 committed', 'throws reject 1 rolled back',
        'acks 1 committed', 'nacks 1 rolled back', 'nacks 2 committed', 'rejects 1 rolled back'
      ])
      t.same(await deadLetters(topic), [
        'throws reject: rejected, the handler rejected the message',
        'rejects: rejected, the handler rejected the message'
      ])
    })
  })
}
