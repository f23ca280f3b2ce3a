import type { FastifyReply, RouteShorthandOptions, preHandlerHookHandler } from 'fastify'

/** The page loads everything from its own routes and has nothing inline: no text of a document can run as a script. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** An SVG image that is opened by itself is a document: its styles are drawn, its scripts do not run. */
const IMAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"

/** The options of a route of the page, with the headers that each of its answers has. */
export function protect (options: RouteShorthandOptions): RouteShorthandOptions {
  // After the app's own hooks: a login page that they answer with has the app's policy.
  return { ...options, preHandler: [options.preHandler ?? [], setPolicy as preHandlerHookHandler].flat() }
}

export function setImagePolicy (reply: FastifyReply): void {
  reply.header('content-security-policy', IMAGE_POLICY)
}

/** Replaces a policy of the app, which is made for other pages. */
async function setPolicy (_: unknown, reply: FastifyReply): Promise<void> {
  reply.header('content-security-policy', POLICY).header('x-content-type-options', 'nosniff')
}
