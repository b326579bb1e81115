import type { Jwk } from './key-set.ts'
import type { ParsedToken } from './parsed-token.ts'

/** Whether one of the keys has signed a token. Never rejects. */
export async function isSignedByOne(token: ParsedToken, keys: readonly Jwk[]): Promise<boolean> {
  for (const key of keys) if (await isSigned(token, key)) return true
  return false
}

async function isSigned({ text, alg }: ParsedToken, jwk: Jwk): Promise<boolean> {
  // Loaded with the first token, since most processes see none.
  const { compactVerify, importJWK } = await import('jose')
  try {
    const key = await importJWK(jwk, alg)
    await compactVerify(text, key, { algorithms: [alg] })
    return true
  } catch {
    // A signature that is wrong, a key that is none, or something in the header that has to be understood and is not.
    return false
  }
}
