import t from 'tap'
import { namedTests, testExists } from '../docs/named-tests.js'
import { SCENARIOS } from './scenarios.js'

t.test('every scenario of FastStream has its test, or says why it has none', async (t) => {
  const scenarios = Object.entries(SCENARIOS)
  t.equal(scenarios.length, 66)
  for (const [number, { given, tests, planned, none }] of scenarios) {
    const ways = [tests, planned, none].filter((way) => way !== undefined)
    t.equal(ways.length, 1, `${number}: ${given}`)
  }
  const planned = scenarios.filter(([, scenario]) => scenario.planned !== undefined)
  const numbers = planned.map(([number]) => number).join(', ')
  t.comment(`${planned.length} of ${scenarios.length} scenarios are planned: ${numbers}`)
})

t.test('every test of a scenario exists under its title', async (t) => {
  const named = Object.values(SCENARIOS).flatMap(({ tests = [] }) => tests.flatMap((each) => {
    const found = namedTests(each)
    t.equal(found.length, 1, each)
    return found
  }))
  t.same(named.filter((test) => !testExists(test)), [])
})
