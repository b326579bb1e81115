import { DEFAULT_CONTROL_URL } from './defaults.ts'
import { isControlUrl, isText, parseList } from './rules.ts'
import type { Settings } from './settings.ts'
import type { MeshOptions, ResolvedOptions } from './types.ts'

/** Where the control server is. */
export function controlUrls(settings: Settings, options: MeshOptions): readonly string[] {
  const coded = typeof options.control === 'string' ? [options.control] : options.control
  const urls = settings.take<readonly string[]>({
    name: 'control',
    coded,
    variables: ['WEFT_CONTROL'],
    parse: parseList,
    fallback: [DEFAULT_CONTROL_URL],
    valid: (value) => Array.isArray(value) && value.length > 0 && value.every(isControlUrl),
    accepts:
      'an http: or https: URL or a list of them, without credentials, query or fragment, e.g. http://127.0.0.1:15800',
  }).value
  return urls.map((url) => new URL(url).href.replace(/\/+$/, ''))
}

/** How this process proves itself to the control server. */
export function credentials(settings: Settings, options: MeshOptions): Pick<ResolvedOptions, 'token' | 'tokenFile'> {
  const token = settings.take<string | undefined>({
    name: 'token',
    coded: options.token,
    variables: ['WEFT_TOKEN'],
    parse: (value) => value.trim(),
    fallback: undefined,
    secret: true,
    valid: (value) => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value),
    accepts: 'printable ASCII without blanks',
  })
  const tokenFile = settings.take<string | undefined>({
    name: 'tokenFile',
    coded: options.tokenFile,
    variables: ['WEFT_TOKEN_FILE'],
    parse: (value) => value,
    fallback: undefined,
    valid: isText,
    accepts: 'the path of a file',
  })
  const codedToken = options.token !== undefined
  const codedFile = options.tokenFile !== undefined
  if (token.value !== undefined && tokenFile.value !== undefined && codedToken === codedFile) {
    settings.reject({
      name: 'tokenFile',
      from: tokenFile.from,
      value: tokenFile.value,
      accepts: `left out where ${token.from} is given`,
    })
  }
  return codedToken || !codedFile
    ? { token: token.value, tokenFile: token.value === undefined ? tokenFile.value : undefined }
    : { token: undefined, tokenFile: tokenFile.value }
}
