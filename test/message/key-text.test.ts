import t from 'tap'
import { keyText, shownKey } from '../../lib/message/key-text.js'

t.test('a key is shown as text, or in base64 where it is none', async (t) => {
  t.equal(keyText(Buffer.from('größe')), 'größe')
  t.equal(keyText(Buffer.alloc(0)), '')
  t.equal(keyText(Buffer.from([0xff, 0x00])), 'base64:/wA=')
  t.equal(shownKey(Buffer.from('k')), 'k')
  const decoded = { id: 1 }
  for (const key of [decoded, null, undefined, 'text', 7]) t.equal(shownKey(key), key)
})
