import type { FastifyRequest } from 'fastify'

/**
 * Whether a page of another site may have made a browser send the request, with the cookies of who looks at that page.
 *
 * Browsers say where a request comes from in `Sec-Fetch-Site`, which no script can set. Not to servers without TLS; there it is the
 * `Origin`, which every browser sends with a POST. So a request with neither is no browser's, but curl's: it carries nobody's cookies.
 * (What is older than both cannot send JSON to another site without asking first, and nobody here would answer.)
 *
 * Only the host is compared: behind a proxy that ends TLS the scheme is another. `request.host` is the proxy's word where it is trusted.
 */
export function isSameOrigin ({ headers, host }: Pick<FastifyRequest, 'headers' | 'host'>): boolean {
  const { 'sec-fetch-site': site, origin } = headers
  // 'none' is what somebody types into the address bar, which is no POST.
  if (site !== undefined) return site === 'same-origin'
  if (origin === undefined) return true
  // An origin may be 'null': a sandbox, or a file.
  if (!URL.canParse(origin)) return false
  const { protocol, host: originHost } = new URL(origin)
  const own = `${protocol}//${host}`
  // Parsed, 'Shop:443' is as 'shop'.
  return URL.canParse(own) && new URL(own).host === originHost
}
