import { type Equivalent, inFile } from './equivalent.js'

/* Mutants of lib/broker/ that change nothing which a caller can see. */

const ASKS_NOBODY = 'Without error handlers nobody is asked, and nothing is answered: the check spares a promise.'
const HAS_TOPIC = 'A subscriber has a topic at least: the default tells the compiler so.'

export const IN_BROKER: readonly Equivalent[] = [
  ...inFile('broker/batch-subscriber.ts',
    ['this.onFailure = means.errorHandlers.length === 0 ? undefined : (...failed) => this.#askErrorHandlers(...failed)',
      ['false'], ASKS_NOBODY],
    ['const message = decoded?.batch?.messages.find(({ offset }) => offset === own.record.offset)',
      ['decoded?.batch.messages'], 'Without a message there is no call that could fail.'],
    ['if (deps.size > 0) {',
      ['true', 'deps.size >= 0'], 'Without dependencies nothing is injected: the check spares the look for them.']),
  ...inFile('broker/check-together.ts',
    ['return some === undefined || others === undefined || some.some((partition) => others.includes(partition))',
      ['some === undefined && others === undefined', 'false'],
      'Both have partitions that were chosen by hand, or none of them: another check refuses the rest before.']),
  ...inFile('broker/broker.ts',
    ['return this.found(this.isConnected ? this.#connection?.transport : undefined)',
      ['this.#connection.transport'], 'A broker that is connected has a connection.'],
    ['this.#connection?.dispatch()', ['this.#connection.dispatch'], 'Where messages flow there is a connection.']),
  ...inFile('broker/dead-letter-topics.ts',
    ['if (sources === undefined) this.#sources.set(topic, sources = this.#findSources(topic))',
      ['true'], 'Subscribers do not change: a list that is made again is the same, and what is kept spares that.'],
    ['} catch {', ['{}'], 'A function that returns nothing returns undefined, too.']),
  ...inFile('broker/declared-broker.ts',
    ['if (scopes === undefined) {', ['true'], 'They are made of the same middlewares again: the check spares that.']),
  ...inFile('broker/groups.ts',
    ["for (const { declaration, topics: [topic = ''] } of sharing) {", ['"Stryker was here!"'], HAS_TOPIC],
    ['return [subscriber, ...subscribers.filter((other) => other !== subscriber && shares(other))]',
      ['true'], 'Of a subscriber that is named twice there is one pipeline.']),
  ...inFile('broker/layers.ts',
    ["const [name = ''] = pluginName.split(' -> ')",
      ['"Stryker was here!"'], 'What is split has a first part: the default tells the compiler so.']),
  ...inFile('broker/paused-subscribers.ts',
    ["const [topic = ''] = this.#broker.topicsOf(declaration)", ['"Stryker was here!"'], HAS_TOPIC]),
  ...inFile('broker/places.ts',
    ['if (single !== undefined) return single',
      ['false'], 'The only place is the nearest one: the check spares the walk.']),
  ...inFile('broker/plan.ts',
    ['const { layers = [], deadLetterTopics } = around',
      ['["Stryker was here"]'], 'A text that stands for a layer has no options.'],
    ['return patterns.length === 0 ? topics : topics.filter((topic) => !patterns.some(({ text }) => text === topic))',
      ['false'], 'Without patterns the filter leaves each topic: the check spares a list.']),
  ...inFile('broker/subscriber.ts',
    ['this.onFailure = errorHandlers.length === 0 ? undefined : (...failed) => this.#askErrorHandlers(...failed)',
      ['false'], ASKS_NOBODY])
]
