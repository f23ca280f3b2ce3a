import type { BatchDelivery } from '../consume/pipeline/batch-delivery.js'
import type { ResultsInScope } from '../consume/pipeline/subscriber-plan.js'
import { FASTSTREAM_ERR_BATCH } from '../errors.js'
import type { Prepared } from '../message/outgoing.js'
import type { ReceivedMessage } from '../message/received-message.js'
import { toError } from '../to-error.js'
import type { CompiledSubscriber } from './subscriber.js'

/** A batch whose handler has returned results. */
interface HandledBatch {
  readonly subscriber: Pick<CompiledSubscriber, 'name' | 'declaration' | 'prepare'>
  readonly delivery: BatchDelivery
  readonly messages: readonly ReceivedMessage[]
}

/** Takes the failure of one result. Undefined where it is one of all results. */
type Refuse = ((index: number, error: Error) => void) | undefined
type PreparedResult = readonly Prepared[] | Promise<ResultsInScope>

/**
 * Checks and encodes the results of a batch. Those that stand side by side with the messages fail by themselves: the
 * message of one that is refused becomes a dead letter, and the others are published.
 *
 * @throws FASTSTREAM_ERR_BATCH for what is no list
 */
export function prepareResults (
  results: unknown, { subscriber, delivery, messages }: HandledBatch
): readonly Prepared[] | Promise<ResultsInScope> {
  const origin = { correlationId: messages[0]!.correlationId, rawKey: null }
  if (!Array.isArray(results)) {
    // Without publishers it is only told that nothing takes the result.
    if (subscriber.declaration.publish.length === 0) return subscriber.prepare(results, origin)
    throw new FASTSTREAM_ERR_BATCH(subscriber.name, 'return a list of results, or nothing')
  }
  const { members } = delivery
  const isSideBySide = results.length === messages.length
  const refuse: Refuse = isSideBySide
    ? (index, error) => { delivery.setAside([{ member: members[index]!, step: 'publish', error }]) }
    : undefined
  const prepared = results.map((result: unknown, i): PreparedResult => {
    try {
      return subscriber.prepare(result, isSideBySide ? messages[i]! : origin)
    } catch (thrown) {
      if (refuse === undefined) throw thrown
      refuse(i, toError(thrown))
      return []
    }
  })
  if (!prepared.every(isAlone)) return inScope(prepared, refuse)
  return prepared.flatMap((each, i) => refusable(each, i, refuse))
}

/** Whether a result passes no middlewares. */
function isAlone (result: PreparedResult): result is readonly Prepared[] {
  return !(result instanceof Promise)
}

/** Results that pass middlewares. What one of them throws is the failure of its own result. */
async function inScope (results: readonly PreparedResult[], refuse: Refuse): Promise<ResultsInScope> {
  const prepared: Prepared[] = []
  const ends: Array<() => Promise<void>> = []
  let failure: PromiseRejectedResult | undefined
  for (const [i, passed] of (await Promise.allSettled(results)).entries()) {
    if (passed.status === 'rejected') {
      if (refuse === undefined) failure ??= passed
      else refuse(i, toError(passed.reason))
    } else if ('end' in passed.value) {
      const { value } = passed
      prepared.push(...refusable(value.prepared, i, refuse))
      const ended = (): Promise<void> => value.end()
      ends.push(refuse === undefined ? ended : () => ended().catch((error) => { refuse(i, toError(error)) }))
    } else {
      prepared.push(...refusable(passed.value, i, refuse))
    }
  }
  async function end (): Promise<void> {
    await Promise.all(ends.map((end) => end()))
  }
  if (failure === undefined) return { prepared, end }
  await end().catch(() => {})
  throw failure.reason
}

function refusable (prepared: readonly Prepared[], index: number, refuse: Refuse): readonly Prepared[] {
  if (refuse === undefined) return prepared
  return prepared.map((each) => ({ ...each, refused: (error) => { refuse(index, error) } }))
}
