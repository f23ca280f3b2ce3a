import { FASTSTREAM_ERR_UNKNOWN_TOPIC } from '../../errors.js'
import { SendError } from '../transport.js'
import type { ProducedRecord, TransportProducer } from '../transport.js'
import type { MemoryCluster } from './cluster.js'
import { LoggedRecord } from './logged-record.js'
import { roundTrip } from './round-trip.js'

export class MemoryProducer implements TransportProducer {
  readonly #cluster: MemoryCluster
  #closed = false

  constructor (cluster: MemoryCluster) {
    this.#cluster = cluster
  }

  partitionCount (topic: string): number | Promise<number> {
    const count = this.#cluster.partitions(topic).length
    return count > 0 ? count : Promise.reject(new FASTSTREAM_ERR_UNKNOWN_TOPIC(topic))
  }

  async send (records: readonly ProducedRecord[]): Promise<readonly bigint[]> {
    const copies = LoggedRecord.of(records)
    await roundTrip()
    if (this.#closed) throw new SendError('the producer is closed', 'not-sent', 'closed')
    return this.#cluster.appendCopies(copies)
  }

  async close (): Promise<void> {
    this.#closed = true
  }
}
