import t from 'tap'
import { checkListener } from '../../lib/options/rebalance-listener.js'
import { build } from '../support/plugin-app.js'

t.test('a listener is an object with some of its calls, also an instance of a class', async (t) => {
  class Totals { readonly partitions = []; onRevoked (): void {} }
  for (const listener of [{ onAssigned () {} }, { onLost: async () => {}, onRevoked: undefined }, new Totals()]) {
    t.equal(checkListener('listener', listener), listener)
  }
})

t.test('what is no listener is refused with the cure', async (t) => {
  const app = await build(t)
  class Empty {}
  for (const [listener, message] of [
    [null, /'listener' must be an object with onAssigned, onRevoked, onLost, or some of them/],
    [() => {}, /'listener' must be an object/],
    [{}, /'listener' must have one of onAssigned, onRevoked, onLost/],
    [new Empty(), /'listener' must have one of/],
    [{ on_partitions_revoked () {} }, /'listener.on_partitions_revoked' is not known: there are onAssigned/],
    [{ onRevoked: 1 }, /'listener.onRevoked' must be a function of the partitions/],
    [{ * onLost () {} }, /'listener.onLost' must not be a generator function/]
  ] as const) {
    t.throws(() => app.broker.subscriber('orders', { listener: listener as never }, () => {}), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message
    })
  }
})
