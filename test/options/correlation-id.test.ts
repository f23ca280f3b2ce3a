import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { checkCorrelationId } from '../../lib/options/correlation-id.js'

const request = { url: '/orders' } as FastifyRequest

t.test('the correlation id of a request is what the function of the app makes of it', async (t) => {
  const idOf = checkCorrelationId('correlationId', ({ url }) => `${url}!`)
  t.equal(idOf(request), '/orders!')
  t.equal(checkCorrelationId('correlationId', () => '')(request), '')
})

t.test('a function that returns no string fails with what it returned, and with the cure', async (t) => {
  for (const [returned, what] of [
    [undefined, 'undefined'], [7, 'a value of type number'], [null, 'a value of type object'],
    [Promise.resolve('a'), 'a value of type object']
  ] as const) {
    const idOf = checkCorrelationId('correlationId', () => returned as never)
    t.throws(() => idOf(request), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION',
      message: new RegExp(`'correlationId' must return a string, and returned ${what}: .*randomUUID\\(\\)`)
    })
  }
})

t.test('what is no function is refused at once', async (t) => {
  for (const wrong of ['x', null, function * () {}]) {
    t.throws(() => checkCorrelationId('correlationId', wrong as never), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'correlationId' must/
    })
  }
})
