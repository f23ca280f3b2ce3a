import type { FaststreamOptions } from './options.js'

/**
 * Options of one cluster of {@link FaststreamOptions.clusters}. Each wins over the option of the plugin with its name.
 *
 * @example
 * const production: ClusterOptions = { brokers: ['kafka-1:9093', 'kafka-2:9093'], ssl: true, sasl }
 */
export type ClusterOptions = Pick<
  FaststreamOptions, 'brokers' | 'transport' | 'clientId' | 'ssl' | 'sasl' | 'allowInsecureSasl'
>
