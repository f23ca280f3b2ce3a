import Fastify from 'fastify'
import { faststreamPlugin } from '../../../index.js'

export const app = Fastify()
app.register(faststreamPlugin, { transport: 'memory' })
