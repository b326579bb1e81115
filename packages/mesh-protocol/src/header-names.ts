/** Request headers that an HTTP client writes itself for the connection at hand; a route cannot set them. Lower case. */
export const CONNECTION_HEADERS: readonly string[] = [
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]
