import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import Fastify, { type FastifyReply } from 'fastify'
import t from 'tap'
import faststreamPlugin, { dependency, type DependencyContext } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

const COUNT = 520
type Name = 'connection' | 'transaction' | 'audit' | 'repository'

const rarely = fc.oneof({ weight: 97, arbitrary: fc.constant(false) }, { weight: 3, arbitrary: fc.constant(true) })
const handlers = [
  'throws',
  'sends an error',
  'returns nothing',
  'streams',
  'breaks its stream',
  'sends a Response',
  'is left',
  'is left and throws',
  'is late'
] as const

/** What happens to one request, or to one run of a handler for one message. */
interface Fate {
  readonly begins: Readonly<Record<Name, boolean>>
  readonly ends: Readonly<Record<Name, boolean>>
  readonly turns: number
  readonly handler: 'returns' | typeof handlers[number]
}

const fate: fc.Arbitrary<Fate> = fc.record({
  begins: fc.record({ connection: rarely, transaction: rarely, audit: rarely, repository: rarely }),
  ends: fc.record({ connection: rarely, transaction: rarely, audit: rarely, repository: rarely }),
  turns: fc.integer({ min: 0, max: 3 }),
  handler: fc.oneof(
    { weight: 12, arbitrary: fc.constant('returns' as const) },
    ...handlers.map((handler) => ({ weight: 1, arbitrary: fc.constant(handler) }))
  )
})

/**
 * A generator that tells its life when something is asked of it, so that it is seen when that is asked twice, in the
 * wrong order, or never.
 */
function watched (life: Life, name: Name, generator: Generator<unknown, void> | AsyncGenerator<unknown, void>) {
  async function end (how: 'commit' | 'rollback', work: () => unknown): Promise<unknown> {
    life.ends(name, how)
    try {
      return await work()
    } finally {
      life.cleaning = undefined
    }
  }
  let begun = false
  return {
    [Symbol.toStringTag]: 'AsyncGenerator',
    async next () {
      if (begun) return await end('commit', () => generator.next())
      begun = true
      const place = life.begins(name)
      try {
        return await generator.next()
      } catch (error) {
        life.open.splice(life.open.indexOf(place), 1)
        throw error
      }
    },
    throw: (error: unknown) => end('rollback', () => generator.throw(error)),
    return: () => generator.return()
  } as unknown as AsyncGenerator<Name, void, void>
}

/** What became of one request, or of one run of a handler. */
class Life {
  readonly fate: Fate
  readonly open: Array<{ name: Name }> = []
  readonly faults: string[] = []
  readonly outcomes = new Set<'commit' | 'rollback'>()
  began = false
  handling = false
  cleaning: Name | undefined
  /** From then on nothing may be committed. */
  failed = false
  leave: () => void = () => {}

  constructor (fate: Fate) {
    this.fate = fate
  }

  begins (name: Name): { name: Name } {
    const place = { name }
    this.open.push(place)
    return place
  }

  ends (name: Name, how: 'commit' | 'rollback'): void {
    if (this.open.at(-1)?.name !== name) {
      this.faults.push(`${name} is cleaned up while ${this.open.map(({ name }) => name)} are open`)
    }
    if (this.cleaning !== undefined) this.faults.push(`${name} is cleaned up while ${this.cleaning} is`)
    if (this.handling) this.faults.push(`${name} is cleaned up while the handler runs`)
    if (this.failed && how === 'commit') this.faults.push(`${name} is committed after a failure`)
    this.cleaning = name
    this.open.pop()
    this.outcomes.add(how)
  }

  /** Fails where its fate says so, after a while. */
  async step (which: 'begins' | 'ends', name: Name): Promise<void> {
    for (let i = 0; i < this.fate.turns; i++) await turn()
    if (this.fate[which][name]) this.fail(`${name} ${which}`)
  }

  fail (message: string): never {
    this.failed = true
    throw new Error(message)
  }
}

/** Counts, and gives no more than it has. */
class Pool {
  free = 40
  readonly waiting: Array<() => void> = []

  async connect (): Promise<void> {
    if (this.free === 0) await new Promise<void>((resolve) => { this.waiting.push(resolve) })
    else this.free--
  }

  release (): void {
    const next = this.waiting.shift()
    if (next === undefined) this.free++
    else next()
  }
}

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
t.test(`${COUNT} failing requests and messages clean up once and in reverse order (SEED=${seed})`, async (t) => {
  const fates = fc.sample(fate, { numRuns: COUNT * 4, seed })
  const requests = fates.slice(0, COUNT).map((fate) => new Life(fate))
  const messages = Array.from(
    { length: COUNT }, (_, i) => [0, 1, 2].map((run) => new Life(fates[COUNT + 3 * i + run] as Fate))
  )
  const runs = messages.flat()
  const pool = new Pool()

  function lifeOf ({ header, source }: DependencyContext): Life {
    const i = Number(header('x-id'))
    const life = (source.kind === 'http' ? requests[i] : messages[i]?.[source.message.attempt - 1]) as Life
    life.began = true
    return life
  }
  const connection = dependency(function connection (_, context) {
    const life = lifeOf(context)
    return watched(life, 'connection', (async function * () {
      await pool.connect()
      try {
        await life.step('begins', 'connection')
        yield 'connection'
        await life.step('ends', 'connection')
      } finally {
        pool.release()
      }
    })())
  })
  const [transaction, audit] = [dependency({ connection }, tracked('transaction')), dependency(tracked('audit'))]
  const repository = dependency({ transaction, audit }, tracked('repository'))
  const life = dependency((_, context) => ({ life: lifeOf(context), signal: context.signal }))
  function tracked (name: Name) {
    return (_: unknown, context: DependencyContext) => {
      const life = lifeOf(context)
      return watched(life, name, (async function * () {
        await life.step('begins', name)
        yield name
        await life.step('ends', name)
      })())
    }
  }

  async function handle (
    { life, signal }: { readonly life: Life, readonly signal: AbortSignal }, reply?: FastifyReply
  ): Promise<unknown> {
    const { handler, turns } = life.fate
    life.handling = true
    try {
      for (let i = 0; i < turns; i++) await turn()
      if (handler === 'throws') life.fail('handler')
      if (handler === 'is left' || handler === 'is left and throws') life.leave()
      if (handler.startsWith('is ') && (reply !== undefined || handler === 'is late')) {
        if (!signal.aborted) await once(signal, 'abort')
        for (let i = 0; i < turns; i++) await turn()
      }
      if (handler === 'is left and throws') life.fail('handler')
    } finally {
      life.handling = false
    }
    switch (handler) {
      case 'returns nothing':
      case 'is left': return undefined
      case 'sends an error': return reply?.code(409).send('sorry')
      case 'streams': return Readable.from(['a', 'b'])
      case 'breaks its stream': return Readable.from(
        (async function * () { yield 'a'; await turn(); throw new Error('broken') })()
      )
      case 'sends a Response': return new Response('ab')
      default: return 'value'
    }
  }

  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, {
    // As many of them fail as the breaker would notice.
    breaker: false,
    concurrency: 32,
    topicConfig: { partitions: 32 },
    retry: { retries: 2 },
    handlerTimeout: 100
  })
  const config = { deps: { repository, audit, life } }
  app.get('/', { config }, async ({ deps }, reply) => await handle(deps.life, reply))
  app.get('/late', { config, handlerTimeout: 100 }, async ({ deps }, reply) => await handle(deps.life, reply))
  app.broker.subscriber('tasks', {
    deps: config.deps, publish: app.broker.publisher('done')
  }, async (_, { deps, headers }) => {
    await handle(deps.life)
    return headers['x-id']
  })
  const broker = await testBroker(app)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })

  async function request (life: Life, i: number): Promise<void> {
    const { handler } = life.fate
    const controller = new AbortController()
    life.leave = () => { controller.abort() }
    const status = await fetch(`${url}${handler === 'is late' ? '/late' : '/'}`, {
      headers: { 'x-id': String(i) }, signal: controller.signal
    })
      .then(async (reply) => { await reply.text(); return reply.status }, () => undefined).catch(() => undefined)
    if (status === undefined || handler === 'streams' || handler === 'sends a Response') return
    // What the client was told is what happened.
    if (status < 500 && (life.failed || life.outcomes.has('rollback') || life.open.length > 0)) {
      life.faults.push(`${status} after ${[...life.outcomes]}, ${life.open.length} open`)
    }
  }
  await Promise.all([
    ...requests.map(request),
    ...messages.map((_, i) => broker.publish('tasks', i, { key: String(i), headers: { 'x-id': String(i) } }))
  ])
  await broker.settled({ timeout: 30_000 })
  const open = () => [...requests, ...runs].filter(
    ({ open, cleaning }) => open.length > 0 || cleaning !== undefined
  ).length
  for (let i = 0; i < 2000 && open() > 0; i++) await turn()

  t.equal(open(), 0, 'every generator that began has ended')
  t.same([...requests, ...runs].flatMap(({ faults }) => faults), [])
  t.match(pool, { free: 40, waiting: [] }, 'every connection is back')

  // Published is what is committed, and once; what never was is a dead letter.
  const done = new Set(broker.published('done').map(({ value }) => Number(value)))
  t.equal(done.size, broker.published('done').length)
  const last = messages.map((lives) => lives.findLast(({ began }) => began) as Life)
  const committed = last.map(({ failed, outcomes }) => !failed && outcomes.has('commit') && !outcomes.has('rollback'))
  t.same([...done].sort(byNumber), committed.flatMap((well, i) => well ? [i] : []))
  t.equal(broker.published('tasks.dlq').length, committed.filter((well) => !well).length)
  for (const kind of ['commit', 'rollback'] as const) {
    t.ok(
      requests.some(({ outcomes }) => outcomes.has(kind)) && runs.some(({ outcomes }) => outcomes.has(kind)),
      `some ${kind}`
    )
  }
})

function byNumber (a: number, b: number): number {
  return a - b
}
