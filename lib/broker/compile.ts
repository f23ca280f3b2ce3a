import type { DeclaredPublisher } from './publisher.js'
import type { DeclaredSubscriber } from './subscriber.js'
import type { Settings } from '../options/plugin-options.js'
import { compileIncoming, incomingCompiler } from '../schema/incoming.js'
import { compileOutgoing } from '../schema/outgoing.js'

/** Compiles every schema with what its scope knows. A schema that cannot be compiled fails the start. */
export function compile (subscribers: readonly DeclaredSubscriber[], publishers: readonly DeclaredPublisher[], ajv: Settings['ajv']): void {
  for (const subscriber of subscribers) {
    const { scope, schema, customCompiler, topics } = subscriber
    if (schema === undefined) continue
    const compiler = incomingCompiler(scope, customCompiler, ajv)
    const topic = topics.join(', ')
    subscriber.validators = {
      value: schema.value === undefined ? undefined : compileIncoming(compiler, schema.value, { topic, part: 'value' }),
      key: schema.key === undefined ? undefined : compileIncoming(compiler, schema.key, { topic, part: 'key' }),
      headers: schema.headers === undefined ? undefined : compileIncoming(compiler, schema.headers, { topic, part: 'headers' })
    }
  }
  for (const publisher of publishers) {
    const { scope, schema, topic, customCompiler } = publisher
    if (schema === undefined) continue
    publisher.checks = {
      value: schema.value === undefined ? undefined : compileOutgoing(scope, schema.value, { topic, part: 'value' }, ajv, customCompiler),
      key: schema.key === undefined ? undefined : compileOutgoing(scope, schema.key, { topic, part: 'key' }, ajv, customCompiler),
      headers: schema.headers === undefined ? undefined : compileOutgoing(scope, schema.headers, { topic, part: 'headers' }, ajv, customCompiler)
    }
  }
}
