import { FASTSTREAM_ERR_SUBSCRIBER_CALL } from '../errors.js'
import type { SeekTo } from '../consume/group/topic-changes.js'
import type { Reader } from '../consume/partition/reader.js'
import type { ReceivedMessage } from '../message/received-message.js'
import type { OneOrMore } from './cases.js'
import type { SubscriberDeclaration } from './declaration.js'
import type { Registry } from './registry.js'
import type { BrokerRuntime } from './runtime.js'
import type { CompiledSubscriber } from './subscriber.js'

/** The broker of subscribers that come and go. */
export interface DynamicMeans {
  readonly registry: Registry
  /** @throws FASTSTREAM_ERR_NOT_READY while the broker is not connected, and when it is drained */
  readonly runtime: () => BrokerRuntime
  readonly isEnding: () => boolean
  readonly compile: (declaration: SubscriberDeclaration) => CompiledSubscriber
}

const NOT_RUNNING = 'it does not run: await start() first'

/** A subscriber, with its cases if it has several. */
interface Dynamic {
  readonly compiled: OneOrMore<CompiledSubscriber>
  /** Of the present run; undefined: it does not run. */
  starting: Promise<void> | undefined
  stopping: Promise<void> | undefined
}

/** Subscribers that are declared while the app runs, each of which starts and stops by itself. */
export class DynamicSubscribers {
  readonly #means: DynamicMeans
  readonly #all = new WeakMap<SubscriberDeclaration, Dynamic>()
  readonly #running = new Set<Dynamic>()

  constructor (means: DynamicMeans) {
    this.#means = means
  }

  /** Compiles a subscriber; it is read once it is started. @throws the errors of a declaration, and of a start */
  declare ([first, ...others]: OneOrMore<SubscriberDeclaration>): void {
    const { compile } = this.#means
    const compiled: OneOrMore<CompiledSubscriber> = [compile(first), ...others.map(compile)]
    this.#all.set(first, { compiled, starting: undefined, stopping: undefined })
  }

  /** Resolves when its messages are read. A second call does nothing. */
  async start (declaration: SubscriberDeclaration): Promise<void> {
    const dynamic = this.#find(declaration, 'start()')
    await dynamic.stopping
    const starting = (dynamic.starting ??= this.#start(dynamic))
    try {
      await starting
    } catch (err) {
      if (dynamic.starting === starting) dynamic.starting = undefined
      throw err
    }
  }

  async #start (dynamic: Dynamic): Promise<void> {
    const { registry, runtime } = this.#means
    const { compiled } = dynamic
    try {
      const running = runtime()
      for (const each of compiled) registry.addDynamic(each)
      this.#running.add(dynamic)
      await running.add(...compiled)
    } catch (err) {
      this.#forget(dynamic)
      throw err
    }
  }

  /** Lets what runs end, and reads no more. A second call does nothing. */
  async stop (declaration: SubscriberDeclaration): Promise<void> {
    const dynamic = this.#find(declaration, 'stop()')
    if (dynamic.starting === undefined) return
    dynamic.stopping ??= this.#stop(dynamic, dynamic.starting)
    await dynamic.stopping
  }

  async #stop (dynamic: Dynamic, starting: Promise<void>): Promise<void> {
    const { runtime, isEnding } = this.#means
    const { compiled } = dynamic
    try {
      // Its error is that of start().
      await starting.catch(() => {})
      const [{ reader }] = compiled
      reader?.end()
      reader?.giveUp('its subscriber stops')
      // An app that closes leaves all groups.
      if (this.#running.has(dynamic) && !isEnding()) await runtime().remove(...compiled)
    } finally {
      this.#forget(dynamic)
      dynamic.starting = undefined
      dynamic.stopping = undefined
    }
  }

  #forget (dynamic: Dynamic): void {
    for (const each of dynamic.compiled) this.#means.registry.deleteDynamic(each)
    this.#running.delete(dynamic)
  }

  async seek (declaration: SubscriberDeclaration, to: SeekTo): Promise<void> {
    const dynamic = this.#findStarted(declaration, 'seek()')
    await dynamic.starting
    // stop() may have been called before, or meanwhile.
    if (dynamic.stopping !== undefined) throw refusal(declaration, 'seek()', NOT_RUNNING)
    await this.#means.runtime().groupOf(declaration)?.seek(dynamic.compiled[0].topics, to)
  }

  /** The reader of a subscriber that is started. @throws FASTSTREAM_ERR_SUBSCRIBER_CALL */
  reader (declaration: SubscriberDeclaration, call: string): Reader<ReceivedMessage> {
    if (!declaration.isRead) throw refusal(declaration, call, 'it has a handler, which gets its messages')
    const { compiled: [{ reader }] } = this.#findStarted(declaration, call)
    return reader as Reader<ReceivedMessage>
  }

  /** Code that waits for messages gets none: the app closes. */
  end (): void {
    for (const { compiled: [{ reader }] } of this.#running) reader?.end()
  }

  #find (declaration: SubscriberDeclaration, call: string): Dynamic {
    const dynamic = this.#all.get(declaration)
    if (dynamic !== undefined) return dynamic
    throw refusal(declaration, call, 'it was declared before ready(), so it starts and stops with its app')
  }

  #findStarted (declaration: SubscriberDeclaration, call: string): Dynamic {
    const dynamic = this.#find(declaration, call)
    if (dynamic.starting !== undefined) return dynamic
    throw refusal(declaration, call, NOT_RUNNING)
  }
}

function refusal ({ topics }: SubscriberDeclaration, call: string, reason: string): Error {
  return new FASTSTREAM_ERR_SUBSCRIBER_CALL(call, topics.join(', '), reason)
}
