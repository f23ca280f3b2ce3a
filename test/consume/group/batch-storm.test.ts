import t from 'tap'
import { Storm } from '../../support/group-storm.js'

const COUNT = 150

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
t.test(`no random run of batches commits an unsettled message or leaves one unhandled (SEED=${seed})`, async (t) => {
  const violations: string[] = []
  for (let i = 0; i < COUNT && violations.length === 0; i++) {
    const storm = new Storm(seed + i, true)
    await storm.rage(120)
    await storm.calm()
    for (const violation of storm.violations) violations.push(`SEED=${seed + i}: ${violation}`)
  }
  t.same(violations, [])
})
