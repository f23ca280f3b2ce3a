import { codeOf } from './members.js'
import { isNotAuthorized, notAuthorized } from './missing-rights.js'

/* Reasons within errors that a route can throw. HTTP clients read them: they name no host, no user and no cause. */

/** Instead of the text of a cause. */
export const CAUSE_SAYS_WHY = 'the cause of this error, in the log, says why'

/** Why the cluster did not do something. */
export function reasonOfCluster (cause: unknown): string {
  return isNotAuthorized(cause) ? notAuthorized(cause.rights, undefined).message : CAUSE_SAYS_WHY
}

/** Why a publish failed: its errors are made for clients, and those of others, as of a middleware, are not. */
export function reasonOfPublish (cause: Error): string {
  return String(codeOf(cause)).startsWith('FASTSTREAM_ERR_') ? cause.message : CAUSE_SAYS_WHY
}
