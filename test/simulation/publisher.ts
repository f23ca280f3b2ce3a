import { SIDE, TOPIC } from './app.js'
import { sleep } from '../../lib/clock.js'
import { Producer } from '../../lib/produce/producer.js'
import { createKafkaTransport } from '../../lib/transport/kafka/index.js'
import { environmentOf } from '../support/environment.js'
import type { Process } from './process.js'
import type { World } from './world.js'
import { createWorkload } from './workload.js'

/** A process that publishes, without waiting for one message before the next, and notes what it was told of each. */
export class Publisher {
  readonly process: Process
  readonly #world: World
  readonly #producer: Producer
  readonly #close: () => Promise<void>
  #pending = 0
  #side = 0
  isDone = false

  constructor (world: World) {
    const { network, cluster, setting } = world
    this.#world = world
    this.process = world.process('publisher')
    const { environment } = this.process
    const options = {
      name: 'simulated', brokers: cluster.addresses, connectTimeout: 9000, log: world.logOf('publisher')
    }
    const transport = createKafkaTransport(options, network.wire(this.process), environment)
    this.#producer = new Producer(
      transport.producer(),
      { deadline: setting.deadline, queue: { messages: 10_000, bytes: 64 * 2 ** 20 } },
      environmentOf(environment.clock, options.log)
    )
    this.#close = async () => {
      await this.#producer.close()
      await transport.close()
    }
  }

  async run (): Promise<void> {
    const { random, setting } = this.#world
    const next = createWorkload(random, setting.work)
    for (let i = 0; i < setting.messages; i++) {
      const { id, key, seq, verdict, value, headers } = next()
      this.#pending++
      this.#producer.publish({
        topic: TOPIC, key: Buffer.from(key), value, headers, timestamp: this.process.environment.clock.now()
      }).then(
        ({ partition, offset }) => {
          this.#world.published.push({ id, key, seq, verdict, outcome: 'ok', partition, offset: Number(offset) })
        },
        (err: Error & { outcome?: string }) => {
          this.#world.published.push({ id, key, seq, verdict, outcome: err.outcome === 'unknown' ? 'unknown' : 'fail' })
        }
      ).finally(() => { this.#pending-- })
      if (setting.side && random.next() < 0.2) this.publishSide()
      const pause = random.next() < 0.6 ? 0 : random.next() * 2.4 * setting.storm / setting.messages
      if (pause > 1) await sleep(this.process.environment.clock, pause, new AbortController().signal)
    }
    this.isDone = true
  }

  get isIdle (): boolean {
    return this.isDone && this.#pending === 0
  }

  /** To the topic that is deleted and created: what was told of it does not matter, only what is in its log. */
  publishSide (): void {
    const seq = this.#side++
    const value = Buffer.from(JSON.stringify({
      key: 's', seq, work: this.#world.random.integer(0, this.#world.setting.work), failures: 0
    }))
    this.#producer.publish({
      topic: SIDE, key: null, value, headers: [], timestamp: this.process.environment.clock.now()
    }).catch(() => {})
  }

  close (): Promise<void> {
    return this.#close()
  }
}
