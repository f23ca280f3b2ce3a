import t from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { normaliseOptions, PLUGIN } from '../../lib/options/plugin-options.js'

/** The words that each option takes. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  ackPolicy: ['ACK_FIRST', 'ACK', 'REJECT_ON_ERROR', 'NACK_ON_ERROR', 'MANUAL'],
  isolationLevel: ['read_committed', 'read_uncommitted'],
  messageLogLevel: ['debug', 'info', 'silent'],
  offsetReset: ['earliest', 'latest', 'fail'],
  ordering: ['partition', 'key', 'none'],
  startup: ['strict', 'background'],
  topics: ['create', 'verify', 'ignore']
}

function settingOf (name: string, value: unknown): unknown {
  const options: FaststreamOptions = { [name]: value }
  return Reflect.get(normaliseOptions(options, 10_000), name)
}

for (const [name, words] of Object.entries(CHOICES)) {
  t.test(`${name} is one of ${words.join(', ')}`, async (t) => {
    for (const word of words) t.equal(settingOf(name, word), word)
    for (const wrong of ['', words[0]?.slice(1), words[0]?.toUpperCase().concat('S'), null, 7]) {
      t.throws(() => settingOf(name, wrong), {
        code: 'FASTSTREAM_ERR_INVALID_OPTION', message: `option '${name}' must be one of '${words.join("', '")}'`
      })
    }
  })
}

t.test('an option that another part of the plugin checks is taken as it is', async (t) => {
  const asyncapi = { routePrefix: '/docs' }
  t.equal(PLUGIN.asyncapi.check('asyncapi', asyncapi, undefined), asyncapi)
  const deadLetters = { prefix: '/dead-letters', authorize: () => true }
  t.equal(PLUGIN.deadLetters.check('deadLetters', deadLetters, undefined), deadLetters)
})
