import type { FaststreamOptions } from './index.js'

/* Values that the options of the app's identity must accept and refuse. */

const brokers = ['kafka:9092']
const sasl = { mechanism: 'plain', username: 'shop', password: 'secret' } as const

export const allowed: FaststreamOptions = { brokers, sasl, allowInsecureSasl: true }
export const protectedByTls: FaststreamOptions = { brokers, sasl, ssl: { rejectUnauthorized: true } }
// @ts-expect-error: true or false
export const wrong: FaststreamOptions = { brokers, sasl, allowInsecureSasl: 'yes' }
