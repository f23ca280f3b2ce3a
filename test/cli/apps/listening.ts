import Fastify from 'fastify'
import { faststreamPlugin } from '../../../index.js'

/** A program that listens by itself. */
export const app = Fastify()
await app.register(faststreamPlugin, { transport: 'memory' })
app.get('/', async () => 'by itself')
await app.listen({ port: 0 })
