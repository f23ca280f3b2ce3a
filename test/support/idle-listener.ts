import type { ConsumerListener } from '../../lib/transport/transport.js'

/** Does nothing with what a consumer tells it. */
export const idleListener: ConsumerListener = {
  assigned () {},
  async revoking () {},
  lost () {},
  records () {},
  stored () {},
  corrupt () {},
  reset () {},
  failed () {}
}
