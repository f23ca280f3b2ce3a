import { Type } from '@sinclair/typebox'

/** About 240 bytes of JSON. */
export const OrderSchema = Type.Object({
  id: Type.String(),
  customer: Type.Object({ name: Type.String(), email: Type.String() }),
  total: Type.Number({ minimum: 0 }),
  currency: Type.String({ minLength: 3, maxLength: 3 }),
  items: Type.Array(Type.Object({ sku: Type.String(), quantity: Type.Integer({ minimum: 1 }), price: Type.Number() }))
}, { $id: 'Order' })

export function order (i: number) {
  return {
    id: `order-${i}`,
    customer: { name: 'Augusta Ada King, Countess of Lovelace', email: 'ada@example.com' },
    total: i % 1000,
    currency: 'EUR',
    items: [{ sku: 'SKU-0001', quantity: 1, price: 10.5 }, { sku: 'SKU-0002', quantity: 2, price: 108.9 }]
  }
}
