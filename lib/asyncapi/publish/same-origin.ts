import type { FastifyRequest } from 'fastify'

/**
 * True when a request comes from the page's own site: a page of another site can make a browser send a request with the
 * cookies of its user.
 *
 * Browsers tell the source of a request in `Sec-Fetch-Site`, which no script can set. They leave it out for servers
 * without TLS, but every browser sends `Origin` with a POST. So a request with neither header comes from a tool such as
 * curl, which sends no user's cookies. (A browser older than both headers sends JSON to another site only after a
 * preflight request, which this route does not answer.)
 *
 * Only the host is compared: behind a proxy that ends TLS the scheme differs. `request.host` is the proxy's word where
 * the proxy is trusted.
 */
export function isSameOrigin ({ headers, host }: Pick<FastifyRequest, 'headers' | 'host'>): boolean {
  const { 'sec-fetch-site': site, origin } = headers
  // 'none' is an address that a user typed into the address bar, which is no POST.
  if (site !== undefined) return site === 'same-origin'
  if (origin === undefined) return true
  // An origin may be 'null': a sandbox, or a file.
  if (!URL.canParse(origin)) return false
  const { protocol, host: originHost } = new URL(origin)
  const own = `${protocol}//${host}`
  // Parsed, 'Shop:443' is as 'shop'.
  return URL.canParse(own) && new URL(own).host === originHost
}
