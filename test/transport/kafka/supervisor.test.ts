import t from 'tap'
import { supervise } from '../../lib/transport/kafkajs/supervisor.js'

t.test('one life follows the other, with growing pauses, until it is told to end', async (t) => {
  const closing = new AbortController()
  const births: number[] = []
  const random = t.capture(Math, 'random', Math.random)
  await supervise({
    async live () {
      births.push(Date.now())
      return new Error('broken')
    },
    failed () {
      if (births.length === 3) closing.abort()
      return true
    }
  }, closing.signal)
  const [first, second] = births.slice(1).map((birth, i) => birth - births[i]!)
  t.ok(first! >= 155 && first! < 350, `${first} ms`)
  t.ok(second! >= 315 && second! < 600, `${second} ms`)
  t.equal(births.length, 3)
  t.equal(random().length, births.length, 'members that lost their group together do not come back together')
})

t.test('after a long life the pause is short again', async (t) => {
  const now = Date.now()
  const clock = t.capture(Date, 'now', () => now + ages)
  let ages = 0
  let lives = 0
  const begin = performance.now()
  await supervise({
    async live () {
      ages += 40_000
      return new Error('broken')
    },
    failed: () => ++lives < 4
  }, new AbortController().signal)
  t.ok(performance.now() - begin < 900, 'three times the shortest, not 200 + 400 + 800')
  clock.restore()
})

t.test('there is no other life when it is not wanted', async (t) => {
  let lives = 0
  await supervise({
    async live () {
      lives++
      return new Error('refused')
    },
    failed: () => false
  }, new AbortController().signal)
  t.equal(lives, 1)
})
