import t from 'tap'
import { Storm } from '../../support/group-storm.js'

const COUNT = 500

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
t.test(`no random run commits an unsettled message or leaves one unhandled (SEED=${seed})`, async (t) => {
  const violations: string[] = []
  for (let i = 0; i < COUNT && violations.length === 0; i++) {
    const storm = new Storm(seed + i)
    await storm.rage(120)
    await storm.calm()
    for (const violation of storm.violations) violations.push(`SEED=${seed + i}: ${violation}`)
  }
  t.same(violations, [])
})
