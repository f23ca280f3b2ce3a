import t from 'tap'
import { drainBeforeRejoin } from '../../../../lib/transport/kafka/consumer/drain-before-rejoin.js'
import { Trigger } from '../../../../lib/transport/kafka/consumer/trigger.js'
import { manualEnvironment } from '../../../support/kafka-client.js'

/** A drain that the test ends, of a member with heartbeats each second and twenty seconds at most. */
function build (alive: boolean | undefined = true) {
  const environment = manualEnvironment()
  const closing = new AbortController()
  const member: { alive: boolean | undefined, heartbeats: number } = { alive, heartbeats: 0 }
  let drained = (): void => {}
  let held: boolean | undefined
  const done = drainBeforeRejoin({
    isAlive: async () => {
      member.heartbeats++
      return await (member.alive === undefined ? new Promise<boolean>(() => {}) : Promise.resolve(member.alive))
    },
    drain: () => new Promise((resolve) => { drained = resolve }),
    interval: 1000,
    limit: 20_000,
    signal: closing.signal
  }, environment).then((result) => { held = result })
  return { ...environment, closing, member, done, drained: () => { drained() }, held: () => held }
}

t.test('the generation is held by heartbeats until the drain is done', async (t) => {
  const { clock, member, done, drained, held } = build()
  await clock.advance(5000)
  t.equal(member.heartbeats, 6)
  drained()
  await done
  t.equal(held(), true)
  t.equal(clock.waiting, 0)
})

t.test('a member that is evicted, or drains for too long, has lost it', async (t) => {
  const evicted = build()
  await evicted.clock.advance(1500)
  evicted.member.alive = false
  await evicted.clock.advance(1000)
  t.equal(evicted.held(), false)
  const slow = build()
  await slow.clock.advance(20_000)
  t.equal(slow.held(), false)
  const before = build(false)
  await before.done
  t.equal(before.held(), false)
})

t.test('a coordinator that does not answer is no reason to wait with the drain', async (t) => {
  const { clock, member, done, drained, held } = build()
  await clock.advance(0)
  member.alive = undefined
  await clock.advance(3000)
  drained()
  await done
  t.equal(held(), true)
})

t.test('a trigger ends a wait before its time, also one that has not begun', async (t) => {
  const environment = manualEnvironment()
  const { signal } = new AbortController()
  const trigger = new Trigger()
  trigger.fire()
  await trigger.wait(1000, environment, signal)
  const waiting = trigger.wait(1000, environment, signal)
  t.equal(environment.clock.waiting, 1)
  trigger.fire()
  await waiting
  await trigger.wait(1000, environment, AbortSignal.abort())
  const timed = trigger.wait(1000, environment, signal)
  await environment.clock.advance(1000)
  await timed
  t.equal(environment.clock.waiting, 0)
})
