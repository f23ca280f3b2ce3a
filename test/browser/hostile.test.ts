import t from 'tap'
import { Type } from '@sinclair/typebox'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, { type AsyncapiDocument } from '../../index.js'
import { DESKTOP, listen, overflow, PHONE, shoot, visit } from './fixture.js'
import { PAYLOADS } from './payloads.js'

/**
 * What an app may say of itself: a title, a description, tags, examples, names of properties and of headers, values of
 * enums.
 */
async function declared (): Promise<FastifyInstance> {
  const app = Fastify()
  const [info = '', more = ''] = PAYLOADS
  await app.register(faststreamPlugin, {
    asyncapi: {
      info: {
        title: info,
        version: more,
        description: PAYLOADS.join('\n\n'),
        contact: { name: info, url: 'javascript:canary=1' }
      },
      servers: { default: { host: info, description: more } },
      externalDocs: { url: 'javascript:canary=1', description: info }
    }
  })
  for (const [index, payload] of PAYLOADS.entries()) {
    const words = {
      title: payload,
      description: payload,
      tags: [payload],
      examples: [{ name: payload, summary: payload, value: { [payload]: payload }, headers: { [payload]: payload } }]
    }
    app.broker.publisher(`topic.${index}`, {
      ...words,
      schema: {
        value: Type.Object(
          {
            word: Type.String({ title: payload, description: payload, default: payload, examples: [payload] }),
            choice: Type.Unsafe({ enum: [payload, 'other'] })
          },
          { title: payload, description: payload }
        )
      }
    })
  }
  return app
}

/** And what only `transform` can write: everything, everywhere. */
async function transformed (): Promise<FastifyInstance> {
  const app = Fastify()
  const own = (value: unknown): [string, unknown][] => PAYLOADS.map(
    (payload) => [payload, typeof value === 'function' ? value(payload) : value]
  )
  const transform = (document: AsyncapiDocument): AsyncapiDocument => JSON.parse(JSON.stringify({
    ...document,
    servers: Object.fromEntries(own((payload: string) => ({
      host: payload, protocol: payload, title: payload, security: [{ $ref: payload }]
    }))),
    channels: Object.fromEntries(own((payload: string) => ({
      address: payload,
      title: payload,
      servers: [{ $ref: `#/servers/${payload}` }],
      parameters: { [payload]: { description: payload, enum: [payload] } },
      bindings: { kafka: { partitions: payload, topicConfiguration: { [payload]: payload } } }
    }))),
    operations: Object.fromEntries(PAYLOADS.map((payload, index) => [payload, {
      action: ['receive', 'send', payload][index % 3],
      channel: { $ref: `#/channels/${payload.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('%', '%25')}` },
      messages: [{ $ref: '#/components/messages/M' }],
      bindings: { kafka: { groupId: { enum: [payload] }, clientId: payload } },
      'x-kafka-consumer': { [payload]: payload, deadLetterTopic: payload },
      reply: { address: { location: payload }, messages: [{ $ref: payload }] }
    }])),
    components: {
      messages: {
        M: {
          name: '<b>',
          contentType: '<b>',
          headers: { $ref: '#/components/schemas/S' },
          payload: { $ref: '#/components/schemas/S' },
          bindings: { kafka: { key: { $ref: '#/components/schemas/S' } } }
        }
      },
      schemas: {
        S: {
          type: 'object',
          required: PAYLOADS,
          properties: Object.fromEntries(own((payload: string) => ({
            type: payload,
            format: payload,
            pattern: payload,
            const: payload,
            $ref: payload.length > 100 ? '#/components/schemas/S' : undefined
          })))
        },
        ...Object.fromEntries(own({ allOf: [{ $ref: '#/components/schemas/S' }] }))
      }
    }
  })) as AsyncapiDocument
  await app.register(faststreamPlugin, { asyncapi: { transform } })
  return app
}

for (const [name, build] of Object.entries({ declared, transformed })) {
  for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    t.test(`nothing runs and nothing breaks: ${name}, ${size}`, async (t) => {
      t.ok(PAYLOADS.length >= 40)
      const { url } = await listen(t, await build())
      const { page, problems } = await visit(t, `${url}/asyncapi`, { viewport })
      t.equal(await page.locator('.operation .action').count(), PAYLOADS.length)
      t.same(await overflow(page), [])
      await shoot(page, `hostile-${name}-${size}`)
      await page.getByRole('button', { name: 'Open all' }).click()
      await page.locator('.operation[open] .facts').last().waitFor()
      t.equal(await page.locator('.operation[open] .facts').count(), PAYLOADS.length)
      await page.evaluate(() => {
        for (const details of document.querySelectorAll<HTMLDetailsElement>('.example:not([open])')) details.open = true
      })
      t.same(await overflow(page), [])
      const titles = await page.locator('.operation:has(.action) h3').evaluateAll(
        (headings) => headings.map(({ textContent }) => textContent)
      )
      t.same(titles.sort(), PAYLOADS.toSorted(), 'all of it is there, as text')
      const links = await page.locator('a[href]').evaluateAll((links) => links.map(
        (link) => new URL(link.getAttribute('href') ?? '', location.href).protocol
      ))
      t.same([...new Set(links)].filter((protocol) => !['http:', 'https:', 'mailto:'].includes(protocol)), [])
      t.same(
        await page.locator('body').evaluate(
          (body) => [...body.querySelectorAll(
            'script, style, iframe, object, base, meta, link, video, form, template, math'
          )].map(({ tagName }) => tagName)
        ),
        []
      )
      await page.getByRole('searchbox').fill('<script>')
      await page.getByRole('searchbox').fill('')
      for (const hash of [
        '#/operations/%E0%A4%A', '#/schemas/__proto__', '#<img src=x onerror=canary=1>', '#/operations/__proto__'
      ]) {
        await page.evaluate((hash) => { location.hash = hash }, hash)
      }
      t.same(
        await page.evaluate(() => [(globalThis as { canary?: unknown }).canary, Object.keys(Object.prototype)]),
        [undefined, []].map((value) => value ?? null)
      )
      await page.evaluate(() => { scrollTo({ top: document.querySelector('h2')?.offsetTop, behavior: 'instant' }) })
      await shoot(page, `hostile-${name}-${size}-open`)
      t.same(problems, [])
    })
  }
}
