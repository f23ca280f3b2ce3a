import type { Kafka } from 'kafkajs'
import { GenerationLostError } from '../transport.js'
import type { ConsumerListener, ConsumerOptions, TransportConsumer, TransportLog } from '../transport.js'
import type { KafkajsFailure } from './coordinator.js'
import { LoneCoordinator } from './lone-coordinator.js'
import { Member } from './member.js'
import { MissingTopics } from './missing-topics.js'
import { supervise } from './supervisor.js'

export interface CreateConsumerOptions {
  readonly kafka: Kafka
  readonly options: ConsumerOptions
  readonly listener: ConsumerListener
  readonly log: TransportLog
}

/** A member of a group that comes back, as a new one, whatever happens to KafkaJS. */
export function createConsumer ({ kafka, options, listener, log }: CreateConsumerOptions): TransportConsumer {
  const closing = new AbortController()
  const missing = new MissingTopics(options.groupId, log)
  const remembered = { memberId: '' }
  const lone = options.groupId === null ? new LoneCoordinator() : undefined
  let member: Member | undefined
  let supervision: Promise<void> | undefined
  let reading = true
  let lastContact = 0

  function start (): Promise<void> {
    return new Promise((resolve, reject) => {
      let joined = false
      function onJoined (): void {
        joined = true
        resolve()
      }

      function contacted (at: number): void {
        lastContact = at
      }

      function live (): Promise<Error> {
        member = new Member({ kafka, options, listener, log, remembered, missing, lone, reading, onJoined, contacted })
        return member.live()
      }

      function failed (error: Error): boolean {
        if (!joined && isRefused(error)) {
          reject(error)
          return false
        }
        log.debug({ err: error, groupId: options.groupId }, 'the KafkaJS consumer ended, a new one is made')
        listener.failed(error)
        return true
      }

      supervision = supervise({ live, failed }, closing.signal)
        .then(() => reject(new Error(`the consumer ${lone === undefined ? `of group '${options.groupId}'` : 'without a group'} was closed before it began`)))
    })
  }

  return {
    start,
    pause: (partition) => member?.reader.pause(partition),
    resume: (partition) => member?.reader.resume(partition),
    seek: (partition) => member?.reader.seek(partition),
    progress: (partition) => member?.reader.progress(partition) ?? { position: undefined, end: undefined },
    get lastContact () {
      return lastContact
    },
    missing: () => missing.names,
    async commit (offsets) {
      if (member === undefined || closing.signal.aborted) throw new GenerationLostError('no partition is owned now')
      await member.commit(offsets)
    },
    stop () {
      reading = false
      member?.reader.stop()
    },
    async close () {
      closing.abort()
      await member?.close()
      await supervision
    }
  }
}

/** Asking again would be answered alike: who we are, or what we may do. */
function isRefused (error: Error): boolean {
  const { name, type = '', cause } = error as KafkajsFailure
  return name === 'KafkaJSSASLAuthenticationError' || /SASL|AUTHENTICATION|AUTHORIZATION/.test(type) ||
    (cause instanceof Error && isRefused(cause))
}
