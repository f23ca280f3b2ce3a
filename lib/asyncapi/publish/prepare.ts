import type { FastifyRequest } from 'fastify'
import type { Broker } from '../../broker/broker.js'
import { acceptCorrelationId } from '../../message/correlation-id.js'
import { CONTENT_TYPE, CORRELATION_ID, encodeHeaders } from '../../message/headers.js'
import type { DeclaredPublisher } from '../../broker/publisher.js'
import type { DeclaredSubscriber } from '../../broker/subscriber.js'
import { Delivery } from '../../consume/pipeline/delivery.js'
import type { Prepared } from '../../consume/pipeline/subscriber-plan.js'
import type { Outgoing } from '../../message/outgoing.js'
import { encodeValue } from '../../codec/codec.js'
import type { ConsumedRecord } from '../../transport/transport.js'
import type { Draft } from './draft.js'

/** Checks and encodes a message of `topic`; throws before anything is sent. */
export type Prepare = (topic: string, draft: Draft, request: FastifyRequest) => Prepared

/** As if the app had published it. */
export function asPublished (publisher: DeclaredPublisher): Prepare {
  return (_, { value, key, headers, timestamp }, request) => publisher.prepare(value, { key, headers, timestamp }, correlationId(publisher.broker, request))
}

/** As if somebody else had published what the subscriber reads. */
export function asReceived (subscriber: DeclaredSubscriber): Prepare {
  const { broker, schema } = subscriber
  return function prepare (topic, { value, key = null, headers, timestamp }, request) {
    const { producer } = broker
    const { bytes, contentType } = encodeValue(value, { topic, schema: schema?.value !== undefined })
    const about = { [CORRELATION_ID]: correlationId(broker, request), ...(contentType !== undefined && { [CONTENT_TYPE]: contentType }) }
    const outgoing: Outgoing = { topic, key: key === null ? null : Buffer.from(key), value: bytes, headers: encodeHeaders(about, headers), timestamp: timestamp.getTime() }
    // A message that cannot be decoded would only become a dead letter.
    const record: ConsumedRecord = { ...outgoing, offset: 0n, size: 0 }
    subscriber.decode(new Delivery(topic, 0, record))
    return { topic, send: () => producer.publish(outgoing) }
  }
}

/** What comes of the message can be found by it. */
function correlationId (broker: Broker, request: FastifyRequest): string {
  const fresh = () => broker.newCorrelationId()
  const given = broker.settings.correlationId?.(request)
  return given === undefined ? fresh() : acceptCorrelationId(given, fresh, request.log)
}
