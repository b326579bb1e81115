export type JsonType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null'

/** The part of JSON Schema that the kinds are described in. Published as it is in the API's description. */
export interface JsonSchema {
  readonly type: JsonType | readonly JsonType[]
  readonly description?: string
  readonly default?: number | string
  /** With null where that is a type. */
  readonly enum?: readonly (string | null)[]
  /** Both, or none. */
  readonly minimum?: number
  readonly maximum?: number
  /** In characters (code points). */
  readonly maxLength?: number
  readonly maxItems?: number
  readonly items?: JsonSchema
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  /** Default true: other fields are let through. */
  readonly additionalProperties?: boolean | JsonSchema
}
