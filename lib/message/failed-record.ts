import type { AnyMessage, FailedMessage, FailureStage } from '../../types/index.js'
import type { MessageDelivery, MessageSource } from './received-message.js'
import { ReceivedRecord } from './received-record.js'

/** A message as an error handler sees it. */
export class FailedRecord extends ReceivedRecord implements FailedMessage {
  readonly stage: FailureStage
  readonly message: AnyMessage | undefined

  constructor (
    source: MessageSource, delivery: MessageDelivery, stage: FailureStage, message: AnyMessage | undefined
  ) {
    super(source, delivery)
    this.stage = stage
    this.message = message
  }
}
