import t from 'tap'
import { supervise } from '../../../../lib/transport/kafka/consumer/supervisor.js'
import { manualEnvironment } from '../../../support/kafka-client.js'

t.test('one life follows the other, with growing pauses that differ by chance, until it is told to end', async (t) => {
  const { clock, ...rest } = manualEnvironment()
  let chance = 0
  const random = (): number => { chance++; return 0.5 }
  const closing = new AbortController()
  const births: number[] = []
  const supervision = supervise({
    async live () {
      births.push(clock.now())
      return new Error('broken')
    },
    failed () {
      if (births.length === 3) closing.abort()
      return true
    }
  }, { ...rest, clock, random }, closing.signal)
  await clock.advance(10_000)
  await supervision
  t.same(births.map((birth) => birth - births[0]!), [0, 200, 600])
  t.equal(chance, 3, 'members that lost their group together do not come back together')
})

t.test('the pause grows no further than half a minute, and is short again after a long life', async (t) => {
  const environment = manualEnvironment()
  const { clock } = environment
  const births: number[] = []
  let life = 0
  supervise({
    async live () {
      births.push(clock.now())
      if (births.length === 12) life = 40_000
      if (life > 0) await new Promise<void>((resolve) => { clock.schedule(life, resolve) })
      return new Error('broken')
    },
    failed: () => births.length < 14
  }, environment, new AbortController().signal)
  await clock.advance(1_000_000)
  const pauses = births.slice(1).map((birth, i) => birth - births[i]!)
  t.equal(pauses[9], 30_000)
  t.equal(pauses[11], 40_200)
})

t.test('there is no other life when it is not wanted', async (t) => {
  let lives = 0
  await supervise({
    async live () {
      lives++
      return new Error('refused')
    },
    failed: () => false
  }, manualEnvironment(), new AbortController().signal)
  t.equal(lives, 1)
})
