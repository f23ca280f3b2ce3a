import t from 'tap'
import { MEMBERS } from './type-members.js'

/** Names of options that are a time or a size. */
const TIME = /(Timeout|Interval|Drain|Delay|MaxAge|After|Wait)$|^(delay|interval|deadline|timeout)$/
const SIZE = /(Bytes|bodyLimit)$|^bytes$/

t.test('the comment of an option says its default, and the unit of a time or a size', async (t) => {
  const owners = /^(Inherited\w*|Faststream|Subscriber|Publisher|Publish)Options$/
  const options = MEMBERS.filter(({ owner }) => owners.test(owner))
  t.ok(options.length > 40)
  for (const { owner, name, text } of options) {
    const place = `${owner}.${name}`
    t.match(text, /@default/, place)
    if (TIME.test(name)) t.match(text, /\bms\b/, place)
    if (SIZE.test(name)) t.match(text, /bytes/, place)
  }
})
