import t from 'tap'
import { loadKafkajs } from '../../../lib/transport/kafkajs/load.js'

interface Decoder {
  offset: number
  readString (): string | null
  readBytes (length?: number): Buffer | null
  readArray (read: (decoder: Decoder) => unknown): unknown[]
  readArrayAsync (read: (decoder: Decoder) => unknown): Promise<unknown[]>
}

const Bounded = loadKafkajs()('src/protocol/decoder.js' as string) as new (bytes: Buffer) => Decoder

function decoder (bytes: string): Decoder {
  return new Bounded(Buffer.from(bytes.replaceAll(' ', ''), 'hex'))
}

const asBytes = (each: Decoder): unknown => each.readBytes(1)?.toString('hex')

t.test('reads texts, bytes and lists, also those that are null', async (t) => {
  const texts = decoder('0002 6f6b ffff 0000')
  t.same([texts.readString(), texts.readString(), texts.readString()], ['ok', null, ''])
  const bytes = decoder('00000001 aa ffffffff bb')
  t.same([bytes.readBytes(), bytes.readBytes()], [Buffer.from('aa', 'hex'), null])
  t.same(bytes.readBytes(1), Buffer.from('bb', 'hex'))
  t.same(decoder('00000002 aabb').readArray(asBytes), ['aa', 'bb'])
  t.same(decoder('ffffffff').readArray(asBytes), [])
  t.same(await decoder('00000002 aabb').readArrayAsync(asBytes), ['aa', 'bb'])
})

t.test('refuses a length that the rest of the bytes cannot hold', async (t) => {
  const error = (length: number, left: number) => ({
    name: 'RangeError', message: `an answer claims a length of ${length}, and ${left} bytes are left`
  })
  t.throws(() => decoder('8000 00').readString(), error(-32768, 1))
  t.throws(() => decoder('0002 00').readString(), error(2, 1))
  t.throws(() => decoder('fffffffe').readBytes(), error(-2, 0))
  t.throws(() => decoder('aabb').readBytes(3), error(3, 2))
  t.throws(() => decoder('7fffffff aa').readArray(asBytes), error(2 ** 31 - 1, 1))
  await t.rejects(decoder('7fffffff aa').readArrayAsync(asBytes), error(2 ** 31 - 1, 1))
})
