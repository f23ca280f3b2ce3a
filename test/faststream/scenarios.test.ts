import t from 'tap'
import { namedTests, testExists } from '../docs/named-tests.js'
import { SCENARIOS, type Scenario } from './scenarios.js'
import { TRAPS } from './traps.js'

const LISTS: ReadonlyArray<readonly [title: string, list: Readonly<Record<string, Scenario>>, count: number]> = [
  ['scenario', SCENARIOS, 66], ['trap', TRAPS, 30]
]

for (const [title, list, count] of LISTS) {
  t.test(`every ${title} of FastStream has its test, or says why it has none`, async (t) => {
    const rows = Object.entries(list)
    t.equal(rows.length, count)
    for (const [number, { given, tests, none }] of rows) {
      t.ok((tests === undefined) !== (none === undefined), `${number}: ${given}`)
    }
  })

  t.test(`every test of a ${title} exists under its title`, async (t) => {
    const named = Object.values(list).flatMap(({ tests = [] }) => tests.flatMap((each) => {
      const found = namedTests(each)
      t.equal(found.length, 1, each)
      return found
    }))
    t.same(named.filter((test) => !testExists(test)), [])
  })
}
