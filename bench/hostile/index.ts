import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin from 'fastify-faststream'
import { HostileSchema, hostileBodies } from '../../test/support/hostile-bodies.js'

// npm run bench -- hostile [bodies]
// Bodies of 0.9 MB that do not match their schema, to a route of plain Fastify, to a route that publishes them, and to
// a topic of the memory transport. Each is sent three times and the shortest stall of the event loop counts, for others
// use the machine, too. Of each kind: the longest stall beyond plain Fastify's, the largest answer, the largest log of
// one message.

const [count = 200] = process.argv.slice(2).map(Number)
const MAX_STALL = 100
const MAX_ANSWER = 32 * 1024
const MAX_LOG = 64 * 1024

/** Of one body. */
interface Cost {
  readonly ms: number
  readonly answer: number
  readonly log: number
}

let logged = 0
let moved = () => {}
const stream = new Writable({
  write (chunk: Buffer, _, done) {
    logged += chunk.length
    if (chunk.includes('moved to the dead-letter topic')) moved()
    done()
  }
})

function createApp (): FastifyInstance {
  return Fastify({ logger: { level: 'info', stream }, bodyLimit: 2 ** 21 })
}

async function costOf (work: () => Promise<number>): Promise<Cost> {
  const costs: Cost[] = []
  for (let i = 0; i < 3; i++) {
    logged = 0
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    // The monitor misses a stall before its first tick.
    await setTimeout(5)
    const answer = await work()
    await setTimeout(5)
    delay.disable()
    costs.push({ ms: delay.max / 1e6, answer, log: logged })
  }
  const [best] = costs.sort((a, b) => a.ms - b.ms)
  return best!
}

function post (app: FastifyInstance, payload: string): Promise<Cost> {
  return costOf(async () => {
    const res = await app.inject({ method: 'POST', url: '/', headers: { 'content-type': 'application/json' }, payload })
    if (res.statusCode < 400) throw new Error(`a hostile body was taken: ${res.statusCode}`)
    return res.rawPayload.length
  })
}

const plain = createApp()
plain.addSchema(HostileSchema)
plain.post('/', { schema: { body: { $ref: 'Hostile#' } } }, async () => 'taken')
await plain.ready()

const app = createApp()
app.addSchema(HostileSchema)
await app.register(faststreamPlugin, { topicConfig: { partitions: 1 } })
const publisher = app.broker.publisher('published', { schema: { value: { $ref: 'Hostile#' } } })
app.post('/', async (request) => await request.broker.publish(publisher, request.body))
app.broker.subscriber('received', { schema: { value: { $ref: 'Hostile#' } } }, () => {
  throw new Error('a hostile message was taken')
})
await app.ready()

function receive (json: string): Promise<Cost> {
  return costOf(async () => {
    const dead = new Promise<void>((resolve) => { moved = resolve })
    await app.broker.publish('received', Buffer.from(json), { headers: { 'content-type': 'application/json' } })
    await dead
    return 0
  })
}

const rows = new Map<string, {
  stall: number, answer: number, routeLog: number, topicStall: number, topicLog: number
}>()
const bodies = hostileBodies(count)
for (const { json } of bodies.slice(0, 10)) {
  for (const warmUp of [() => post(plain, json), () => post(app, json), () => receive(json)]) await warmUp()
}
for (const { kind, json } of bodies) {
  const [base, route, topic] = [await post(plain, json), await post(app, json), await receive(json)]
  const row = rows.get(kind) ?? { stall: 0, answer: 0, routeLog: 0, topicStall: 0, topicLog: 0 }
  rows.set(kind, {
    stall: Math.max(row.stall, route.ms - base.ms),
    answer: Math.max(row.answer, route.answer),
    routeLog: Math.max(row.routeLog, route.log),
    topicStall: Math.max(row.topicStall, topic.ms - base.ms),
    topicLog: Math.max(row.topicLog, topic.log)
  })
}
await Promise.all([app.close(), plain.close()])

console.log(`${count} hostile bodies; the worst of each kind`)
console.table(Object.fromEntries(Array.from(rows, (
  [kind, { stall, answer, routeLog, topicStall, topicLog }]
) => [kind, {
  'route: ms beyond plain': Number(
    stall.toFixed(1)
  ),
  'answer, bytes': answer,
  'log, bytes': routeLog,
  'topic: ms beyond plain': Number(
    topicStall.toFixed(1)
  ),
  'its log, bytes': topicLog
}])))
const isBounded = [...rows.values()].every(({ stall, topicStall, answer, routeLog, topicLog }) =>
  Math.max(stall, topicStall) <= MAX_STALL && answer <= MAX_ANSWER && Math.max(routeLog, topicLog) <= MAX_LOG)
console.log(
  isBounded ? 'all are bounded' : `not bounded: ${MAX_STALL} ms, ${MAX_ANSWER} bytes of answer, ${MAX_LOG} bytes of log`
)
process.exitCode = isBounded ? 0 : 1
