/** How many bytes a piece of a body is when it is sent, text as UTF-8; 0 for what is neither text nor bytes. */
export function byteSize(chunk: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk)
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
