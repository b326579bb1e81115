import type { Control } from './control.ts'

/** A control server that runs in another process. */
export function remoteControl(url: string): Control {
  return {
    url,
    async post(path, body, method = 'POST') {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
    close: async () => undefined,
  }
}
