import type { LaneSlot } from '../partition/lanes.js'
import type { Delivery } from './delivery.js'
import type { PublishUntilStored } from './publish-until-stored.js'
import type { MessageSteps } from './subscriber-plan.js'

/*
 * Messages of one lane whose results are being stored while the next one is handled. All that ends a message but a
 * stored result waits for those before it: a decision, a failure, and the end of a handler that returns nothing.
 */

interface ResultParts<Message> {
  readonly steps: Pick<MessageSteps<Message>, 'overlaps' | 'prepare'>
  readonly publisher: PublishUntilStored
}

/**
 * Resolves to whether the results are stored, and those of the messages before this one: false when the lane was
 * halted. Rejects when the cluster refuses one of them.
 */
export function publishResults<Message> (
  { steps, publisher }: ResultParts<Message>, results: ReturnType<MessageSteps<Message>['prepare']>,
  delivery: Delivery, slot: LaneSlot
): Promise<boolean> {
  // Middlewares of the publish go on when the result is stored, and may fail then: their message holds its lane.
  if (steps.overlaps !== true || results instanceof Promise) return publisher.results(results, delivery, slot)
  delivery.results = results
  return publisher.overlapping(results, delivery, slot)
}

/** Waits for the messages before this one in its lane. Rejects when one of them stays unsettled: so must this one. */
export async function waitForFirst (delivery: Delivery, slot: LaneSlot): Promise<void> {
  if (await slot.first?.() !== false) return
  delivery.giveUp('a message before it in its lane is redelivered')
  throw delivery.aborted
}
