import type { FastifyInstance, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { brokersOf } from '../../broker/app-brokers.js'
import { Counters, type Counts } from '../../observe/counters/counters.js'
import { checkDetails, detailsOf } from '../../observe/health/details.js'
import type { DescribedSubscriber, Party } from '../document/description.js'
import type { AppDocument } from './app-document.js'

/** The figures of an app's operations, for those who may see details. */
export class OperationCounters {
  readonly #app: FastifyInstance
  readonly #document: AppDocument
  readonly #counters = new Map<string, Counters>()

  constructor (app: FastifyInstance, document: AppDocument) {
    this.#app = app
    this.#document = document
  }

  /** Begins to count, where the app shows details: otherwise no event has a listener. */
  start (): void {
    if (detailsOf(this.#app).authorize === undefined) return
    for (const [name, broker] of brokersOf(this.#app).byName) this.#counters.set(name, new Counters(broker))
  }

  /** Whether the page of this request shows figures. A fault of `authorize` hides them, and not the page. */
  async areShownTo (request: FastifyRequest): Promise<boolean> {
    return await checkDetails(this.#app, request).then(() => true, () => false)
  }

  serve (scope: FastifyInstance, options: RouteShorthandOptions): void {
    scope.get('/counters', options, async (request, reply) => {
      if (detailsOf(this.#app).authorize === undefined) return reply.callNotFound()
      await checkDetails(this.#app, request)
      reply.header('cache-control', 'no-store').type('application/json; charset=utf-8')
      return reply.send(JSON.stringify(this.#read()))
    })
  }

  /** Figures of the operations that receive, by their ids. */
  #read (): Record<string, Counts> {
    const countsOf = new Map([...this.#counters].map(([name, counters]) => [name, counters.now()]))
    const found = [...this.#document.origins].flatMap(([id, { broker, topic, parties }]) => {
      // Subscribers that are one operation differ in nothing but their scope.
      const [subscriber] = parties.filter(isSubscriber)
      if (subscriber === undefined) return []
      const { groupId, topics, name = topics.join(',') } = subscriber
      return [[id, countsOf.get(broker)!({ groupId, subscriber: name, topic })] as const]
    })
    return Object.fromEntries(found)
  }
}

function isSubscriber (party: Party): party is DescribedSubscriber {
  return 'groupId' in party
}
