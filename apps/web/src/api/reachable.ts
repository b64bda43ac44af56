// URLs in answers are absolute, from PUBLIC_URL and RTMP_URL. Left at their defaults these say
// "localhost", which a phone in the same network can't follow: then the page's own host is right.

/** `url` with the page's origin in place of a loopback one. */
export function reachableHttpUrl(url: string, pageOrigin: string): string {
  const { hostname, pathname, search } = new URL(url)
  return isLoopback(hostname) ? new URL(pathname + search, pageOrigin).href : url
}

/** The same for the page that is open. */
export function hereUrl(url: string): string {
  return reachableHttpUrl(url, location.origin)
}

/** `rtmp://localhost:1935/live` with the page's host name in place of a loopback one, port and path kept. */
export function reachableIngestUrl(url: string, pageHostname: string): string {
  const { hostname } = new URL(url)
  if (!isLoopback(hostname) || isLoopback(pageHostname)) return url
  return url.replace(`//${hostname}`, `//${pageHostname}`)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
