import type { MessageProcessContext } from '../../../types/index.js'
import { processing } from '../../events.js'
import type { AttemptResult } from './failures.js'

/** Runs an attempt within the stores of `tracing:faststream.message.process:start`, and publishes its trace. */
export async function traceAttempt (
  context: MessageProcessContext, attempt: () => Promise<AttemptResult>
): Promise<AttemptResult> {
  const running = processing.start.runStores(context, attempt)
  processing.end.publish(context)
  const result = await running
  if (result.kind === 'failed') {
    context.error = result.failure.error
    processing.error.publish(context)
  }
  context.outcome = result.kind === 'failed' ? 'failed' : result.outcome
  processing.asyncStart.publish(context)
  processing.asyncEnd.publish(context)
  return result
}
