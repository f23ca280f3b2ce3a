import t from 'tap'
import { at, attribute, batch, controlBatch, fetched } from '../../../support/record-sets.js'

/* Which records of transactions a reader of committed records is given. */

function transactional (offset: number, producerId: number, value: string): Promise<Buffer> {
  return batch({ offset, producerId, attributes: attribute.transactional, values: [value] })
}

/** A control batch whose record has this key. */
async function controlled (offset: number, producerId: number, key: Buffer | null): Promise<Buffer> {
  const attributes = attribute.transactional | attribute.control
  return await batch({ offset, producerId, attributes, records: [{ key, value: null }] })
}

async function valuesOf (set: Buffer[], aborted: ReadonlyArray<readonly [producerId: bigint, firstOffset: bigint]>) {
  const { records, corrupt } = await fetched(0, Buffer.concat(set), {
    aborted: aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset }))
  })
  if (corrupt !== undefined) throw corrupt.error
  return records.map(({ value }) => String(value))
}

t.test('aborted transactions may be listed in any order', async (t) => {
  const set = [
    await transactional(0, 1, 'aborted'),
    await controlBatch({ offset: 1, producerId: 1, abort: true }),
    await transactional(2, 2, 'committed'),
    await controlBatch({ offset: 3, producerId: 2, abort: false }),
    await transactional(4, 2, 'aborted, too'),
    await controlBatch({ offset: 5, producerId: 2, abort: true }),
    await transactional(6, 1, 'of the next transaction')
  ]
  for (const aborted of [[[1n, 0n], [2n, 4n]], [[2n, 4n], [1n, 0n]]] as const) {
    t.same(await valuesOf(set, aborted), ['committed', 'of the next transaction'])
  }
})

t.test('only the mark of an abort ends an aborted transaction', async (t) => {
  const begin = await transactional(0, 7, 'aborted')
  const emptied = (await controlBatch({ offset: 1, producerId: 7, abort: true })).subarray(0, at.records)
  emptied.writeInt32BE(at.records - 12, at.length)
  emptied.writeInt32BE(0, at.count)
  const end = await transactional(2, 7, 'still aborted')
  for (const [title, mark] of [
    ['a commit', await controlBatch({ offset: 1, producerId: 7, abort: false })],
    ['an abort of another producer', await controlBatch({ offset: 1, producerId: 8, abort: true })],
    ['a mark that compaction removed', emptied],
    ['a mark without a key', await controlled(1, 7, null)],
    ['a mark that is cut', await controlled(1, 7, Buffer.alloc(3))]
  ] as const) t.same(await valuesOf([begin, mark, end], [[7n, 0n]]), [], title)
  t.same(await valuesOf([begin, await controlled(1, 7, Buffer.alloc(4)), end], [[7n, 0n]]), ['still aborted'])
})

t.test('a batch outside of transactions is kept, also one of a producer that has aborted', async (t) => {
  const set = [await transactional(0, 7, 'aborted'), await batch({ offset: 1, producerId: 7, values: ['plain'] })]
  t.same(await valuesOf(set, [[7n, 0n]]), ['plain'])
})
