// Makes the URLs in the service's answers reachable from this browser. They are built from PUBLIC_URL
// and RTMP_URL. With the default settings they say "localhost", which a phone in the same network cannot
// reach; the host that served this page can be reached.

/** `url` with the page's origin in place of a loopback origin. */
export function reachableHttpUrl(url: string, pageOrigin: string = location.origin): string {
  const { hostname, pathname, search } = new URL(url)
  return isLoopback(hostname) ? new URL(pathname + search, pageOrigin).href : url
}

/** An RTMP URL with the page's host name in place of a loopback one; port and path stay the same. */
export function reachableIngestUrl(url: string, pageHostname: string = location.hostname): string {
  const { hostname } = new URL(url)
  if (!isLoopback(hostname) || isLoopback(pageHostname)) return url
  return url.replace(`//${hostname}`, `//${pageHostname}`)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
