import type { Clock } from '../clock.js'
import type { Log } from '../log.js'
import { PublishChains } from '../middleware/publish-chain.js'
import { PublishOrder } from '../middleware/publish-order.js'
import type { Settings } from '../options/plugin-options.js'
import type { Producer } from '../produce/producer.js'

/** The broker behind its publishers. */
interface PublishingBroker {
  readonly settings: Pick<Settings, 'producer'>
  readonly clock: Clock
  /** @throws FASTSTREAM_ERR_NOT_READY before the broker is connected */
  readonly producer: Producer
}

/** Creates the chains of publishers without middlewares. They read clock and producer of the broker when they send. */
export function createPublishChains (broker: PublishingBroker, log: Log): PublishChains {
  const { deadline, queue } = broker.settings.producer
  const order = new PublishOrder((outgoing, sending) => {
    return broker.producer.publish(outgoing, sending?.wait, sending?.queued, sending?.order)
  }, queue)
  return new PublishChains({ order, deadline, log, get clock () { return broker.clock } })
}
