import type { Outgoing } from '../../message/outgoing.js'
import { isNotAuthorized } from '../../missing-rights.js'
import { toError } from '../../to-error.js'
import type { LaneSlot } from '../partition/lanes.js'
import type { Failure } from './dead-letter.js'
import type { Delivery } from './delivery.js'
import type { Consequence, FailurePolicy } from './failure-policy.js'
import type { Outcome } from './outcome.js'
import type { PublishUntilStored } from './publish-until-stored.js'
import type { SubscriberReport } from './report.js'
import type { Replies } from './subscriber-plan.js'

/** All but another attempt. */
export type FinalConsequence = Exclude<Consequence, { kind: 'again' }>

interface ConsequenceParts {
  readonly steps: { readonly replies?: Replies | undefined }
  readonly publisher: PublishUntilStored
  readonly policy: FailurePolicy
  readonly report: SubscriberReport
}

/** Carries out what the last failure of a record leads to. */
export class Consequences {
  readonly #parts: ConsequenceParts

  constructor (parts: ConsequenceParts) {
    this.#parts = parts
  }

  /** Stops the subscriber without the right to publish a dead letter or a forwarded message. */
  async carryOut (
    delivery: Delivery, failure: Failure, consequence: FinalConsequence, slot: LaneSlot
  ): Promise<Outcome> {
    const { replies } = this.#parts.steps
    const outcome = await this.#end(delivery, failure, consequence, slot)
    // A message that is forwarded is handled elsewhere.
    const isOver = outcome === 'settled' && slot.settlement !== 'forwarded'
    if (isOver && replies !== undefined) await replies.refuse(failure.error, delivery)
    return outcome
  }

  async #end (delivery: Delivery, failure: Failure, consequence: FinalConsequence, slot: LaneSlot): Promise<Outcome> {
    const { report } = this.#parts
    switch (consequence.kind) {
      case 'stop':
        return this.#stop(delivery, failure.error)
      case 'acknowledge':
        if (consequence.decided !== true) {
          delivery.forgive(failure.error)
          report.acknowledged(delivery, failure)
        }
        slot.settle('acknowledged')
        return 'settled'
      case 'discard':
        report.discarded(delivery, failure)
        slot.settle('discarded')
        return 'settled'
      case 'forward':
        return await this.#forward(delivery, failure, consequence.outgoing(delivery.record), slot)
      case 'dead-letter':
        return await this.#deadLetter(delivery, failure, consequence.topic, slot)
    }
  }

  #stop (delivery: Delivery, error: Error): Outcome {
    this.#parts.report.refused(delivery, error)
    return 'stop'
  }

  async #deadLetter (delivery: Delivery, failure: Failure, topic: string, slot: LaneSlot): Promise<Outcome> {
    const { publisher, report } = this.#parts
    try {
      if (!await publisher.deadLetter(topic, delivery, failure, slot)) return 'unsettled'
    } catch (err) {
      return this.#stop(delivery, toError(err))
    }
    report.deadLettered(delivery, failure, topic)
    slot.settle('dead-lettered')
    return 'settled'
  }

  /** A message that the cluster refuses to store in the other topic is a dead letter. */
  async #forward (delivery: Delivery, failure: Failure, outgoing: Outgoing, slot: LaneSlot): Promise<Outcome> {
    const { publisher, policy } = this.#parts
    try {
      if (!await publisher.forward(outgoing, delivery, slot)) return 'unsettled'
    } catch (err) {
      if (isNotAuthorized(err)) return this.#stop(delivery, err)
      const refused: Failure = { ...failure, stage: 'publish', error: toError(err) }
      return await this.#end(delivery, refused, policy.deadLetter(delivery.topic), slot)
    }
    slot.settle('forwarded')
    return 'settled'
  }
}
