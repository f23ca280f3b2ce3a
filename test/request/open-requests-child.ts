import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '../../lib/clock.js'
import { Requests, type Call, type RequestedBroker } from '../../lib/request/requests.js'
import type { ReplyReader } from '../../lib/request/reply-reader.js'
import { logLines } from '../support/log-lines.js'

/* A process of its own, because a test framework that watches promises holds memory for each of them. */

const [count = 10_000] = process.argv.slice(2).map(Number)
setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Measured after a garbage collection, which may take some turns: what is finalised holds other things. */
async function usedBytes (before = Infinity): Promise<number> {
  collectGarbage()
  await setImmediate()
  const used = process.memoryUsage().heapUsed
  return used < before - 10_000 ? await usedBytes(used) : used
}

const broker: RequestedBroker = {
  name: 'default',
  clock: systemClock,
  settings: { replies: { topic: 'replies', allowed: undefined }, topicPrefix: '', clientId: 'shop', ajv: undefined },
  readReplies: async () => ({ address: { topic: 'replies', partition: 0 } }) as ReplyReader
}
const requests = new Requests(broker, logLines())
const call: Call = {
  topic: 'quotes',
  scope: {} as Call['scope'],
  target: () => ({ topic: 'quotes', replies: { bodyLimit: 1000, validators: {} }, send: async () => {} })
}
requests.become('connected')
const asked: Array<Promise<unknown>> = [requests.request(call, { timeout: 600_000 })]
await setImmediate()
const before = await usedBytes()
for (let i = 0; i < count; i++) asked.push(requests.request(call, { timeout: 600_000 }))
await setImmediate()
const { open } = requests.health
const bytes = await usedBytes() - before
requests.become('closed')
await Promise.allSettled(asked)
const left = requests.health.open
process.send?.({ open, bytes, left })
