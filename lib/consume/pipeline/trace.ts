import type { MessageProcessContext } from '../../../types/index.js'
import { processing, type AroundAttempt } from '../../events.js'
import type { AttemptResult } from './failures.js'

/**
 * Runs an attempt within the stores of `tracing:faststream.message.process:start` and within `around`, and publishes
 * its trace.
 */
export async function traceAttempt (
  context: MessageProcessContext, attempt: () => Promise<AttemptResult>, around?: AroundAttempt
): Promise<AttemptResult> {
  const work = async (): Promise<AttemptResult> => {
    const result = await attempt()
    const error = result.kind === 'failed' ? result.failure.error : result.error
    if (error !== undefined && (result.kind === 'failed' || result.outcome === 'settled')) context.error = error
    context.outcome = result.kind === 'failed' ? 'failed' : result.outcome
    return result
  }
  const running = processing.start.runStores(context, () => around === undefined ? work() : around(context, work))
  processing.end.publish(context)
  const result = await running
  if (result.kind === 'failed') processing.error.publish(context)
  processing.asyncStart.publish(context)
  processing.asyncEnd.publish(context)
  return result
}
