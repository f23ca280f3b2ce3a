import { FASTSTREAM_ERR_NOT_AUTHORIZED } from './errors.js'

/** A right of Kafka's ACLs. Read and Write of a topic or group include Describe. */
export interface Right {
  readonly operation: 'Read' | 'Write' | 'Describe' | 'DescribeConfigs' | 'Create' | 'IdempotentWrite'
  readonly resource: 'topic' | 'group' | 'cluster'
  /** Empty: the cluster. */
  readonly name: string
}

/** `FASTSTREAM_ERR_NOT_AUTHORIZED` with the rights that the cluster refuses. */
export interface NotAuthorizedError extends Error {
  readonly rights: readonly Right[]
}

/**
 * @param principal whom the cluster refuses the rights; left out where it is not known, and where clients of the app
 * may see the error
 */
export function notAuthorized (
  rights: readonly Right[], principal: string | undefined, options?: ErrorOptions
): NotAuthorizedError {
  const who = principal === undefined ? '' : ` to ${principal}`
  const texts = rights.map(textOf).join(', ')
  // @fastify/error would print an undefined argument as a part of the message.
  const error = options === undefined
    ? new FASTSTREAM_ERR_NOT_AUTHORIZED(texts, who)
    : new FASTSTREAM_ERR_NOT_AUTHORIZED(texts, who, options)
  return Object.assign(error, { rights })
}

export function isNotAuthorized (error: unknown): error is NotAuthorizedError {
  return error instanceof FASTSTREAM_ERR_NOT_AUTHORIZED
}

function textOf ({ operation, resource, name }: Right): string {
  return resource === 'cluster' ? `${operation} on the cluster` : `${operation} on ${resource} '${name}'`
}
