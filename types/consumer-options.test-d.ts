import Fastify from 'fastify'
import { faststreamPlugin } from '../index.js'

/* Type tests of the options of the consumer: this file is compiled, not run. */

const app = Fastify()
app.register(faststreamPlugin, {
  groupId: 'shop',
  isolationLevel: 'read_uncommitted',
  fetch: { minBytes: 1, maxBytes: 2, maxBytesPerPartition: 3, maxWait: 4 },
  metadataMaxAge: 60_000,
  clientRack: 'zone-a',
  checkCrcs: false,
  heartbeatInterval: 1000,
  offsetReset: { timestamp: new Date() }
})
app.broker.subscriber('orders', {
  fetch: { maxWait: 100, minBytes: undefined },
  offsetReset: { timestamp: 1_700_000_000_000 },
  sessionTimeout: 10_000,
  rebalanceTimeout: 20_000,
  groupInstanceId: 'shop-0'
}, () => {})

// @ts-expect-error: no such isolation level
app.broker.subscriber('orders', { isolationLevel: 'serializable' }, () => {})
// @ts-expect-error: a time is a Date, or ms since the epoch
app.broker.subscriber('orders', { offsetReset: { timestamp: '2024-01-01' } }, () => {})
// @ts-expect-error: no such bound of a fetch
app.broker.subscriber('orders', { fetch: { maxWaitTime: 100 } }, () => {})
// @ts-expect-error: metadata are those of the whole client
app.broker.subscriber('orders', { metadataMaxAge: 100 }, () => {})
