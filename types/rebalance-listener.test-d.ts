import Fastify from 'fastify'
import { faststreamPlugin, type RebalanceListener } from '../index.js'

/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */

const app = Fastify()
await app.register(faststreamPlugin, { groupId: 'shop' })

app.broker.subscriber('orders', {
  listener: {
    onAssigned (partitions) {
      for (const { topic, partition } of partitions) app.log.info(`${topic} ${partition.toFixed()}`)
    },
    async onRevoked () {},
    onLost () {}
  }
}, () => {})

export class Totals implements RebalanceListener {
  readonly partitions = new Set<number>()
  onAssigned (partitions: ReadonlyArray<{ readonly partition: number }>): void {
    for (const { partition } of partitions) this.partitions.add(partition)
  }
}
app.broker.subscriber('orders', { listener: new Totals() }, () => {})

// @ts-expect-error: no such call
app.broker.subscriber('orders', { listener: { onPartitionsRevoked () {} } }, () => {})
// @ts-expect-error: a listener belongs to a subscriber
await app.register(faststreamPlugin, { listener: {} })
