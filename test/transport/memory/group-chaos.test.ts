import fc from 'fast-check'
import t from 'tap'
import { GroupWorld, chaos } from '../../support/group-world.js'

t.test('whatever members do, every record is delivered and committed, and no partition has two owners', async (t) => {
  await fc.assert(fc.asyncProperty(chaos, async (steps) => {
    const world = new GroupWorld()
    await world.run(steps)
    await world.end()
    if (world.violations.length > 0) throw new Error(world.violations.join('\n'))
  }), { numRuns: 1000 })
  t.pass('1000 lives of a group')
})
