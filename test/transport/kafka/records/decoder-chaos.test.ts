import t from 'tap'
import { damageSet, readDamaged } from '../../../fuzz/targets/records.js'
import { pick, randomNumbers, randomSet } from '../../../support/record-sets.js'

t.test('takes 20 000 damaged sets without throwing, and never gives a record twice or out of order', async (t) => {
  const random = randomNumbers(3)
  const sound = await Promise.all(Array.from({ length: 100 }, () => randomSet(random)))
  let damaged = 0
  let slowest = 0
  for (let i = 0; i < 20_000; i++) {
    const set = damageSet(pick(sound, random), random)
    const start = performance.now()
    if (await readDamaged(set)) damaged++
    slowest = Math.max(slowest, performance.now() - start)
  }
  t.ok(damaged > 5_000, `${damaged} found`)
  t.ok(slowest < 1_000, `slowest ${slowest} ms`)
})
