import t from 'tap'
import type { World } from './world.js'

/**
 * Names that differ in '.' and '_' alone are one name in Kafka's metrics, so it refuses the second topic. The simulated
 * cluster takes every name.
 */
export function collidingTopics (world: World): void {
  t.test(`${world.name}: a topic whose name collides with that of another one stops the start`, async (t) => {
    const name = world.unique('colliding')
    await world.createTopic(1, `${name}.eu`)
    const app = await world.app(t, { topics: 'create' })
    app.broker.publisher(`${name}_eu`)
    await t.rejects(async () => { await app.ready() }, {
      code: 'FASTSTREAM_ERR_TOPICS', message: new RegExp(`${name}_eu.*collides with`)
    })
    t.equal(await world.partitions(`${name}_eu`), 0)
  })
}
