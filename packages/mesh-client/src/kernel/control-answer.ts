/*
 * How answers of a control server that are no success are read.
 */

/** Whether the same request may be granted when it is made again, though nobody has changed anything. */
export function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 429
}

/** What the text of an answer adds to its status, to be put behind it: `: ` and the message, or nothing. */
export function saying(text: string): string {
  const message = messageOf(text)
  return message === '' ? '' : `: ${message}`
}

/** The message of a Kubernetes `Status`, or the beginning of any other text. */
function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    if (typeof message === 'string') return message
  } catch {
    // Not from a control server, a proxy's page perhaps.
  }
  return text.slice(0, 200).trim()
}
